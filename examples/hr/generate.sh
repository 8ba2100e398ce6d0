#!/bin/sh
# Makes departments.csv, jobs.csv and hired_employees.csv of any size, with chosen shares of faults, and what to expect of them.
# SPDX-License-Identifier: Apache-2.0
set -eu
export LC_ALL=C

usage() {
    cat <<'END'
usage: generate.sh --out DIR [--rows N] [--seed S] [options]
  --out DIR          folder to write into; it is made when missing
  --rows N           rows of hired_employees (default 1000); blank lines are part of them
  --seed S           the same seed and options give the same files, with any awk (default 1)
  --departments N    rows of departments (default 12)
  --jobs N           rows of jobs (default 180)
  --scatter-ids      ids of employees in no order instead of 1, 2, 3
shares of faulty rows, each from 0 to 1 or like 2% (default 0; a row has one fault at most):
  --missing-id  --bad-id  --duplicate-id  --missing-name  --long-name  --missing-datetime  --bad-datetime
  --missing-department  --unknown-department  --missing-job  --unknown-job
  --ragged           by turns one field too few and one too many
  --bad-encoding     a byte that is not UTF-8
  --blank            a line with nothing on it: skipped, not rejected
shares of rows that are unusual and good:
  --quoted           names in quotes that hold commas, quotes and line ends
Beside the CSV files, DIR gets expected.txt (lines "count TABLE.WHAT N" and "rule RULE_ID N") and expected-rejects.csv
(record_no,line_no,byte_offset,field,code,rule of every row of hired_employees to be rejected).
END
}
die() {
    echo "generate.sh: $*" >&2
    exit 2
}
whole() {
    case $2 in
    '' | *[!0-9]*) die "$1 wants a whole number, not \"$2\"" ;;
    esac
}
share() {
    awk -v text="$2" 'BEGIN {
        percent = sub(/%$/, "", text)
        if (text !~ /^[0-9]*\.?[0-9]+$/ && text !~ /^[0-9]+\.$/) exit 1
        value = text / (percent ? 100 : 1)
        if (value > 1) exit 1
        printf "%.9f", value
    }' || die "$1 wants a share from 0 to 1 or from 0% to 100%, not \"$2\""
}

out='' rows=1000 seed=1 departments=12 jobs=180 scatter=0
shares=
while [ $# -gt 0 ]; do
    option=$1
    shift
    case $option in
    -h | --help) usage; exit 0 ;;
    --scatter-ids) scatter=1; continue ;;
    esac
    [ $# -gt 0 ] || { usage >&2; exit 2; }
    value=$1
    shift
    case $option in
    --out) out=$value ;;
    --rows) whole "$option" "$value"; rows=$value ;;
    --seed) whole "$option" "$value"; seed=$value ;;
    --departments) whole "$option" "$value"; departments=$value ;;
    --jobs) whole "$option" "$value"; jobs=$value ;;
    --missing-id | --bad-id | --duplicate-id | --missing-name | --long-name | --missing-datetime | --bad-datetime | \
    --missing-department | --unknown-department | --missing-job | --unknown-job | --ragged | --bad-encoding | --blank | --quoted)
        number=$(share "$option" "$value") || exit 2
        shares="$shares ${option#--}=$number"
        ;;
    *) usage >&2; die "unknown option $option" ;;
    esac
done
[ -n "$out" ] || { usage >&2; exit 2; }
[ "$departments" -gt 0 ] && [ "$jobs" -gt 0 ] || die "--departments and --jobs must be at least 1"
mkdir -p "$out"

awk -v out="$out" -v rows="$rows" -v seed="$seed" -v departments="$departments" -v jobs="$jobs" -v scatter="$scatter" \
    -v shares="$shares" '
# Minimal standard generator (Park and Miller 1988): its products stay below 2^46, exact in every awk.
function random(n) {
    state = (state * 16807) % 2147483647
    return state % n
}
function gcd(a, b, rest) {
    while (b > 0) { rest = a % b; a = b; b = rest }
    return a
}
function share_of(name, count, parts, i, pair) {
    count = split(shares, parts, " ")
    for (i = 1; i <= count; i++) {
        split(parts[i], pair, "=")
        if (pair[1] == name) return pair[2] + 0
    }
    return 0
}
# A fault of the row: its name, its share, and what a reject of it says.
function fault(name, field, code, rule) {
    faults++
    fault_name[faults] = name
    sum += share_of(name)
    fault_below[faults] = int(sum * 2147483646)
    fault_field[faults] = field
    fault_code[faults] = code
    fault_rule[faults] = "hired_employees." rule
}
function reject(field, code, rule) {
    rejected++
    by_rule[rule]++
    printf "%d,%d,%.0f,%s,%s,%s\n", row, line, offset, field, code, rule >rejects_file
}
BEGIN {
    state = seed % 2147483646 + 1
    for (i = 0; i < 16; i++) random(1)

    firsts = split("Ada Bruno Carmen Dmitri Elsa Farid Greta Hiro Ines Jonas Kamala Lukas Mirela Nuno Olga Pablo Quirin Rosa " \
        "Stefan Tamar Ulla Viktor Wanda Xenia Yusuf Zita Anselm Birgit Cosmin Delia Emre Fiona", first, " ")
    lasts = split("Abendroth Barroso Castellan Dragomir Eklund Ferrante Gundersen Halloran Ivanenko Jankovic Kaltenbach Lindqvist " \
        "Moreau Nakagawa Okonkwo Petrescu Quintana Rasmussen Steinmetz Tavares Underhill Valentin Wojcik Ximenez Yilmaz Zeller", last, " ")
    parts = split("Archive,Bookkeeping,Canteen,Design,Export,Field Service,Goods Inward,Housing,Import,Joinery,Kitchens,Laboratory," \
        "Maintenance,Night Shift,Operations,Purchasing,Quality,Repairs,Shipping,Training", part, ",")
    trades = split("Accountant,Baker,Carpenter,Draughtsman,Electrician,Fitter,Gardener,Hydrologist,Inspector,Jeweller,Keeper,Locksmith," \
        "Machinist,Nurse,Optician,Painter,Registrar,Surveyor,Translator,Welder", trade, ",")
    split("I,II,III,IV", grade, ",")

    for (i = 1; i <= departments; i++)
        print i "," part[(i - 1) % parts + 1] (i > parts ? " " int((i - 1) / parts) + 1 : "") >(out "/departments.csv")
    for (i = 1; i <= jobs; i++) {
        n = int((i - 1) / trades) + 1
        print i "," trade[(i - 1) % trades + 1] " " (n <= 4 ? grade[n] : n) >(out "/jobs.csv")
    }

    # All days of 2020 to 2022 and all minutes of a day, as text.
    split("31 28 31 30 31 30 31 31 30 31 30 31", length_of, " ")
    for (y = 2020; y <= 2022; y++)
        for (m = 1; m <= 12; m++)
            for (d = 1; d <= length_of[m] + (m == 2 && y == 2020); d++)
                day[days++] = sprintf("%d-%02d-%02d", y, m, d)
    for (i = 0; i < 1440; i++) minute[i] = sprintf("T%02d:%02d:", int(i / 60), i % 60)
    for (i = 0; i < 60; i++) second[i] = sprintf("%02dZ", i)
    split("2021-13-01T08:00:00Z,2021-02-30T08:00:00Z,2021-06-01T24:61:00Z,first of May,2021/06/01 08:00,20210601", bad_date, ",")
    split("seven,12a,1.5,0x10,9223372036854775808,--3", bad_number, ",")
    long = "N"
    while (length(long) < 256) long = long "n"

    fault("missing-id", "id", "constraint-error", "id.required")
    fault("bad-id", "id", "type-error", "id.type")
    fault("duplicate-id", "id", "primary-key", "id.primary-key")
    fault("missing-name", "name", "constraint-error", "name.required")
    fault("long-name", "name", "constraint-error", "name.maxLength")
    fault("missing-datetime", "datetime", "constraint-error", "datetime.required")
    fault("bad-datetime", "datetime", "type-error", "datetime.type")
    fault("missing-department", "department_id", "constraint-error", "department_id.required")
    fault("unknown-department", "department_id", "foreign-key", "department_id.foreign-key")
    fault("missing-job", "job_id", "constraint-error", "job_id.required")
    fault("unknown-job", "job_id", "foreign-key", "job_id.foreign-key")
    fault("ragged", "", "", "")
    fault("bad-encoding", "", "encoding-error", "encoding-error")
    fault("blank", "", "", "")
    if (sum > 1.000001) {
        print "generate.sh: the shares of faults add up to more than 1" >"/dev/stderr"
        exit 2
    }
    quoted_below = int(share_of("quoted") * 2147483646)

    # A step without a common divisor with the number of rows visits every id once.
    stride = 1
    if (scatter)
        for (stride = int(rows * 0.618) + 1; gcd(stride, rows) != 1; ) stride++

    employees = out "/hired_employees.csv"
    rejects_file = out "/expected-rejects.csv"
    printf "" >employees
    print "record_no,line_no,byte_offset,field,code,rule" >rejects_file
    line = 1
    offset = 0
    for (row = 1; row <= rows; row++) {
        state = (state * 16807) % 2147483647
        dice = state
        id = scatter ? (row * stride) % rows + 1 : row
        name = first[random(firsts) + 1] " " last[random(lasts) + 1]
        when = day[random(days)] minute[random(1440)] second[random(60)]
        department = random(departments) + 1
        job = random(jobs) + 1
        lines = 1

        f = 0
        if (sum > 0 && dice <= fault_below[faults])
            for (f = 1; dice > fault_below[f]; ) f++
        what = f ? fault_name[f] : ""
        # Nothing to repeat as long as no row was good.
        if (what == "duplicate-id" && kept == 0) { f = 0; what = "" }

        if (f == 0) {
            # Ids that a good row holds, some of them from long ago.
            if (kept < 1024) known[kept++] = id
            else if (dice % 64 == 0) known[random(1024)] = id
            if (quoted_below && random(2147483646) < quoted_below) {
                n = random(3)
                if (n == 0) name = "\"" name ", jr.\""
                else if (n == 1) name = "\"" name " \"\"Ace\"\"\""
                else { name = "\"" name "\nof the night shift\""; lines = 2 }
            }
        } else {
            if (what == "missing-id") id = ""
            else if (what == "bad-id") id = bad_number[random(6) + 1]
            else if (what == "duplicate-id") id = known[random(kept)]
            else if (what == "missing-name") name = ""
            else if (what == "long-name") name = long
            else if (what == "missing-datetime") when = ""
            else if (what == "bad-datetime") when = bad_date[random(6) + 1]
            else if (what == "missing-department") department = ""
            else if (what == "unknown-department") department = departments + 1 + random(1000)
            else if (what == "missing-job") job = ""
            else if (what == "unknown-job") job = jobs + 1 + random(1000)
            else if (what == "bad-encoding") name = name " \377"
        }
        text = id "," name "," when "," department "," job
        if (what == "blank") {
            text = ""
            blank++
        } else if (what == "ragged") {
            if (ragged++ % 2 == 0) {
                text = id "," name "," when "," department
                reject("job_id", "missing-cell", "hired_employees.job_id.missing-cell")
            } else {
                text = text ",surplus"
                reject("", "extra-cell", "hired_employees.extra-cell")
            }
        } else if (f)
            reject(fault_field[f], fault_code[f], fault_rule[f])
        print text >employees
        line += lines
        offset += length(text) + 1
    }

    expected = out "/expected.txt"
    printf "count departments.read %d\ncount departments.written %d\ncount departments.rejected 0\n", departments, departments >expected
    printf "count jobs.read %d\ncount jobs.written %d\ncount jobs.rejected 0\n", jobs, jobs >expected
    printf "count hired_employees.read %d\ncount hired_employees.written %d\n", rows, rows - rejected - blank >expected
    printf "count hired_employees.rejected %d\ncount hired_employees.skipped.blank %d\n", rejected, blank >expected
    # In the order of their names: the order of "in" differs between awks.
    n = 0
    for (rule in by_rule) {
        for (i = n++; i > 0 && ordered[i] > rule; i--) ordered[i + 1] = ordered[i]
        ordered[i + 1] = rule
    }
    for (i = 1; i <= n; i++) printf "rule %s %d\n", ordered[i], by_rule[ordered[i]] >expected
}'
