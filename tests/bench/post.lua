-- For wrk: posts rows of hired_employees, each with an id of its own, and counts what was acknowledged.
-- SPDX-License-Identifier: Apache-2.0
--
-- BENCH_ROWS     rows in a body
-- BENCH_SECONDS  for so long new requests are sent; those under way are waited for, so that none is left unanswered (wrk itself would go
--                without the last answers: give it some seconds more)
-- BENCH_RUN      number of the run, 1 to 80: other ids in each
-- BENCH_BAD      not empty: no row has a name
-- BENCH_PATH, BENCH_HOST
-- One line of JSON at the end, behind "result ".
local ffi = require("ffi")
ffi.cdef [[
typedef struct { long sec, nsec; } bench_time;
int clock_gettime(int clock, bench_time *out);
]]

local ROWS = tonumber(os.getenv("BENCH_ROWS"))
local SECONDS = tonumber(os.getenv("BENCH_SECONDS"))
local RUN = tonumber(os.getenv("BENCH_RUN"))
local BAD = os.getenv("BENCH_BAD") ~= ""
local PREFIX = 10 -- digits of an id that differ from request to request; the last three are the row's
local DEPARTMENTS, JOBS = 12, 183
local MONOTONIC = 1

local clock = ffi.new("bench_time")
local function now()
   ffi.C.clock_gettime(MONOTONIC, clock)
   return tonumber(clock.sec) + tonumber(clock.nsec) / 1e9
end

-- Main state: wrk makes a state for each thread and asks all of them at the end.
local threads = {}
function setup(thread)
   thread:set("number", #threads)
   table.insert(threads, thread)
end

local places, size, body = {}, 0, nil
local head
local digits = ffi.new("char[32]")

function init(args)
   local parts = {}
   for i = 0, ROWS - 1 do
      local lead = (i == 0 and "[" or ",") .. '{"id":'
      places[i] = size + #lead
      local row = lead .. string.rep("0", PREFIX) .. string.format(
         '%03d,"name":%s,"datetime":"2021-%02d-%02dT%02d:%02d:%02dZ","department_id":%d,"job_id":%d}',
         i, BAD and "null" or string.format('"Employee Number %03d"', i), i % 12 + 1, i % 28 + 1, i % 24, i % 60, i * 7 % 60, i % DEPARTMENTS + 1, i % JOBS + 1)
      size = size + #row
      parts[#parts + 1] = row
   end
   parts[#parts + 1] = "]"
   size = size + 1
   body = ffi.new("char[?]", size + 1, table.concat(parts))
   head = string.format("POST %s HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n",
      os.getenv("BENCH_PATH"), os.getenv("BENCH_HOST"), size)
   sent, answered, acknowledged, good, begun, ended, strange = 0, 0, 0, 0, 0, 0, ""
end

-- wrk asks the first thread once before it begins, to see what a request looks like, and sends nothing.
function request()
   local shown = number == 0 and not asked
   asked = true
   local prefix = string.format("%.0f", 1e9 + RUN * 1e8 + number * 1e7 + sent)
   ffi.copy(digits, prefix)
   for i = 0, ROWS - 1 do
      ffi.copy(body + places[i], digits, PREFIX)
   end
   if not shown then
      sent = sent + 1
      begun = begun == 0 and now() or begun
   end
   return head .. ffi.string(body, size)
end

local function over()
   return begun > 0 and now() - begun >= SECONDS
end

function response(status, headers, text)
   answered = answered + 1
   ended = now()
   if status == 200 then
      good = good + 1
      acknowledged = acknowledged + tonumber(string.match(text, '"written": ?(%d+)'))
   elseif strange == "" then
      strange = string.sub(status .. " " .. text, 1, 200)
   end
   if answered == sent and over() then
      wrk.thread:stop()
   end
end

-- Before each request: once the time is over there is none.
function delay()
   if not over() then
      return 0
   end
   if answered == sent then
      wrk.thread:stop()
   end
   return 3600000
end

function done(summary, latency, requests)
   local sum = { sent = 0, answered = 0, acknowledged = 0, good = 0 }
   local first, last, odd = math.huge, 0, ""
   for _, thread in ipairs(threads) do
      for name in pairs(sum) do
         sum[name] = sum[name] + thread:get(name)
      end
      first = math.min(first, thread:get("begun"))
      last = math.max(last, thread:get("ended"))
      odd = odd == "" and thread:get("strange") or odd
   end
   local errors = summary.errors
   io.write(string.format(
      'result {"sent": %d, "answered": %d, "good": %d, "acknowledged": %d, "seconds": %.3f, "p50_ms": %.2f, "p99_ms": %.2f, "max_ms": %.2f, "errors": %d, "strange": "%s"}\n',
      sum.sent, sum.answered, sum.good, sum.acknowledged, last - first, latency:percentile(50) / 1000, latency:percentile(99) / 1000,
      latency.max / 1000, errors.connect + errors.read + errors.write + errors.timeout, string.gsub(odd, '[%c"\\]', "'")))
end
