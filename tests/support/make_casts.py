"""Writes tests/unit/casts.txt: texts and the values they are, worked out by Python's int, float, decimal, datetime and zoneinfo.

usage: python3 tests/support/make_casts.py > tests/unit/casts.txt

Lines: "field {...}" begins a field as a dictionary writes it; "TEXT<tab>VALUE" a cell of it. In TEXT \\xHH is a byte. VALUE is
bad, null, "i N" (integers, dates in days, times and datetimes in microseconds), "d HEX" (double), or "u N" (unscaled decimal).
SPDX-License-Identifier: Apache-2.0
"""
import datetime
import decimal
import random
import re
import unicodedata
import zoneinfo

random.seed(20211107)
decimal.getcontext().prec = 2000
decimal.getcontext().Emax = decimal.MAX_EMAX
decimal.getcontext().Emin = decimal.MIN_EMIN
SPACES = " \t\n\v\f\r"
NUMBER = re.compile(r"[-+]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][-+]?[0-9]+)?", re.A)


def escape(text):
    return "".join(chr(b) if 0x20 <= b < 0x7F and b != 0x5C else "\\x%02X" % b for b in text.encode())


def section(field, texts, value):
    print("field " + field)
    seen = set()
    for text in texts:
        if text not in seen:
            seen.add(text)
            print("%s\t%s" % (escape(text), "null" if text == "" else value(text)))


def mutate(text, alphabet):
    text = list(text)
    for _ in range(random.choice((1, 1, 1, 2))):
        at = random.randrange(len(text) + 1)
        what = random.randrange(3)
        if what == 0 and at < len(text):
            del text[at]
        elif what == 1 and at < len(text):
            text[at] = random.choice(alphabet)
        else:
            text.insert(at, random.choice(alphabet))
    return "".join(text)


# --- integers ---------------------------------------------------------------------------------------------------------

def integer(text):
    text = text.strip(SPACES)
    if not re.fullmatch(r"[-+]?[0-9]+", text, re.A):
        return "bad"
    number = int(text)
    return "i %d" % number if -2**63 <= number < 2**63 else "bad"


texts = ["", "0", "-0", "+0", "00", "7", "-7", "+7", " 7", "7 ", "\t7\n", "7 7", "--7", "+-7", "7-", "1.0", "1e3", "0x10", "1_000", "1,000",
         "NaN", "\u0663", "\uff17", "-", "+", " ", "7\x00", "0" * 30 + "7", "-" + "0" * 30, "9" * 18, "9" * 19, "9" * 20, "1" + "0" * 40]
for edge in (2**63, -2**63, 2**64, 10**18, -10**18):
    texts += [str(edge + step) for step in range(-3, 4)]
texts += [str(random.randrange(-2**63, 2**63) >> random.randrange(63)) for _ in range(60)]
texts += [mutate(random.choice(texts[30:]), "0123456789-+. e") for _ in range(60)]
section("{ name: x, type: integer }", texts, integer)


def grouped(text):
    text = text.strip(SPACES)
    if not re.fullmatch(r"[-+]?([0-9]+|[0-9]{1,3}('[0-9]{2,3})*'[0-9]{3})", text, re.A):
        return "bad"
    return integer(text.replace("'", ""))


section("{ name: x, type: integer, groupChar: \"'\" }",
        ["", "1'000", "1000", "1'0'0", "'1", "1'", "1''0", "-1'000", "-'1", " 1'000 ", "9'223'372'036'854'775'807", "9'223'372'036'854'775'808", "1,000", "1'00", "1'5",
         "1'0000", "1000'000", "12'34'567", "1'2'345", "0'001", "1'000'00"],
        grouped)

# --- doubles ----------------------------------------------------------------------------------------------------------

def double(text):
    text = text.strip(SPACES)
    if not NUMBER.fullmatch(text):
        return "bad"
    number = float(text)
    if number in (float("inf"), float("-inf")):
        return "bad"
    return "d " + (0.0 if number == 0 else number).hex()


numbers = ["", "0", "-0", "0.0", "-0.0", ".5", "5.", "-.5", "+5.e1", ".", "-", "e5", "1e", "1e+", "1e-", "1e5.", "1.2.3", "0x1p3", "NaN", "nan", "INF",
           "inf", "-Infinity", "1,5", "1_0", " 1.5 ", "\t-1.5e3\r", "1 e3", "1e 3", "\uff11", "1e308", "1e309", "-1e309", "1.7976931348623157e308",
           "1.7976931348623159e308", "4.9e-324", "2.4e-324", "2.5e-324", "1e-400", "-1e-400", "2.2250738585072014e-308", "2.2250738585072011e-308",
           "0e999999999999999999999", "0.0000e-99999999999", "1e99999999999999999999", "1e-99999999999999999999", "9007199254740993", "9007199254740992",
           "9007199254740991", "123456789012345", "1234567890123456", "123456789012345e22", "123456789012345e23", "1e22", "1e23", "1e-22", "1e-23",
           "0.1", "0.2", "0.3", "1.1", "3.14159265358979323846264338327950288", "179769313486231570814527423731704356798070" + "0" * 267,
           "0." + "0" * 320 + "1", "1" + "0" * 308, "1" + "0" * 309, "000000000000000000000000001.5", "8.5e-4", "1e0", "1E5", "5e-0"]
for _ in range(250):
    digits = str(random.randrange(10 ** random.randrange(1, 21)))
    point = random.randrange(len(digits) + 1)
    text = random.choice(("", "-", "+")) + digits[:point] + ("." if point < len(digits) else "") + digits[point:]
    if random.random() < .5:
        text += random.choice("eE") + random.choice(("", "-", "+")) + str(random.randrange(random.choice((10, 25, 40, 330))))
    numbers.append(text)
for _ in range(120):  # doubles as Python prints them: must read back as they were
    import struct
    number = struct.unpack("<d", struct.pack("<Q", random.getrandbits(64)))[0]
    if number == number and abs(number) != float("inf"):
        numbers.append(repr(number))
numbers += [mutate(random.choice(numbers[20:]), "0123456789-+.eE ") for _ in range(100)]
section("{ name: x, type: number }", numbers, double)


def styled(text):
    """decimalChar ",", groupChar ".", bareNumber false: what is dropped is no sign, no bracket around, and no other digits"""
    front, text, behind = re.fullmatch(r"((?:(?![0-9]|,[0-9]|[-+](?=.)).)*)(.*?)([^0-9]*)", text.strip(SPACES), re.S).groups()
    behind = re.sub("^,[-\u2013]*", "", behind)
    if re.search("[-\u2010-\u2015\u2212]", front + behind) or any(unicodedata.category(c) in ("Nd", "No") and not (c in "\u00b2\u00b3" and at) for part in (front, behind)
                                                                for at, c in enumerate(part)):
        return "bad"
    if front.count("(") > front.count(")") and behind.count(")") > behind.count("("):
        return "bad"
    if not re.fullmatch(r"[-+]?(([0-9]+|[0-9]{1,3}(\.[0-9]{2,3})*\.[0-9]{3})(,[0-9]*)?|,[0-9]+)([eE][-+]?[0-9]+)?", text, re.A):
        return "bad"
    return double(text.replace(".", "").replace(",", "."))


section("{ name: x, type: number, decimalChar: ',', groupChar: '.', bareNumber: false }",
        ["", "1.234,5", "1234,5", "1,5", ",5", "5,", "-1.000", "\u20ac 3,99", "3,99 \u20ac", "\u20ac-3,99", "EUR 1.234.567,89", "1.5,5", "1,5.5", "1,2,3",
         "none", "\u20ac", "7 %", "abc,5", "abc-,5", "$5$", "1e5 x", "1,5e3", "..5", ",", "5.", "(5)", "- 5", "1 2",
         "1.5", "1.50", "1.5000", "1.23.456,7", "12.34.567", "1.000e3", "5-", "3,99-", "3,99 -", "3,99- \u20ac", "\u20123,99", "\u22125", "\u2212 \u20ac 5", "(3,99 \u20ac)", "\u20ac (5)",
         "(EUR) 5", "5 (net)", "5 EUR)", "5,-", "5,-- \u20ac", "5,\u2013", "5,- -", "5\u00bd", "\u00bd 5", "\u0661 5", "5 \uff11", "5\u00b2", "5 m\u00b2", "12-pack", "5 EUR-"], styled)

# --- decimals ---------------------------------------------------------------------------------------------------------

def decimals(precision, scale):
    def value(text):
        text = text.strip(SPACES)
        if not NUMBER.fullmatch(text):
            return "bad"
        number = decimal.Decimal(text)
        if number == 0:
            return "u 0"
        if number.adjusted() > 100 or number.adjusted() < -100:
            return "bad"
        scaled = number.scaleb(scale)
        if scaled != scaled.to_integral_value() or abs(scaled) >= 10 ** precision:
            return "bad"
        return "u %d" % scaled
    return value


for precision, scale in ((5, 2), (38, 4), (38, 38), (38, 0), (1, 0), (1, 1), (18, 6)):
    whole, most = precision - scale, 10 ** precision - 1
    texts = ["", "0", "-0", "0.000000", "1", "-1", "+1", "1.5", "1.50", "1.500000000000", ".5", "5.", "1e1", "1e-1", "15e-1", "100e-2", "0.0001e4", "1e38", "1e37",
             "0e100", "1e1000000000000", "1e-1000000000000", "NaN", "x", "1,5", " 1 ", "1.2.3"]
    for number in (most, most + 1, -most, -most - 1, most // 10, 10 ** (precision - 1)):
        exact = str(decimal.Decimal(number).scaleb(-scale))
        texts += [exact, format(decimal.Decimal(number).scaleb(-scale), "f"), format(decimal.Decimal(number).scaleb(-scale), "f") + ("0" if scale else ".0"),
                  "0" + format(abs(decimal.Decimal(number)).scaleb(-scale), "f"), "%de-%d" % (number, scale), "%d00e-%d" % (number, scale + 2)]
    for _ in range(40):
        number = decimal.Decimal(random.randrange(10 ** random.randrange(1, precision + 2))).scaleb(-random.randrange(scale + 2))
        texts.append(format(random.choice((number, -number)), random.choice(("f", "E"))))
    texts += [mutate(random.choice(texts[1:]), "0123456789-+.eE") for _ in range(20)]
    section("{ name: x, type: number, precision: %d, scale: %d }" % (precision, scale), texts, decimals(precision, scale))

# --- dates and times --------------------------------------------------------------------------------------------------

EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
DATE = r"([0-9]{4})-([0-9]{2})-([0-9]{2})"
TIME = r"([0-9]{2}):([0-9]{2}):([0-9]{2})(\.[0-9]{1,6})?"


def date(text):
    match = re.fullmatch(DATE, text.strip(SPACES), re.A)
    try:
        return "i %d" % (datetime.date(*map(int, match.groups())) - EPOCH.date()).days
    except (AttributeError, ValueError):
        return "bad"


def some_date():
    return "%04d-%02d-%02d" % (random.choice((0, 1, 1582, 1899, 1900, 1970, 2000, 2020, 2021, 2100, 9999, random.randrange(10000))), random.randrange(14), random.randrange(33))


texts = ["", "2021-11-07", "0001-01-01", "9999-12-31", "0000-12-31", "2020-02-29", "2021-02-29", "1900-02-29", "2000-02-29", "2100-02-29", "2021-11-31", "20211107",
         "2021-1-7", "2021/11/07", " 2021-11-07 ", "2021-11-07T00:00:00", "-2021-11-07", "02021-11-07", "2021-11-7a", "\uff12021-11-07"]
texts += [some_date() for _ in range(150)] + [mutate(some_date(), "0123456789-/ ") for _ in range(40)]
section("{ name: x, type: date }", texts, date)


def micros_of(match):
    hour, minute, second = (int(part) for part in match[:3])
    if hour > 23 or minute > 59 or second > 59:
        raise ValueError
    return ((hour * 60 + minute) * 60 + second) * 1000000 + int(((match[3] or ".0")[1:] + "000000")[:6])


def time(text):
    match = re.fullmatch(TIME + "Z?", text.strip(SPACES), re.A)
    try:
        return "i %d" % micros_of(match.groups())
    except (AttributeError, ValueError):
        return "bad"


def some_time():
    text = "%02d:%02d:%02d" % (random.choice((0, 23, 24, random.randrange(24))), random.choice((0, 59, 60, random.randrange(60))), random.choice((0, 59, 60, random.randrange(60))))
    if random.random() < .4:
        text += "." + "".join(random.choice("0123456789") for _ in range(random.randrange(8)))
    return text


texts = ["", "02:48:42", "02:48", "2:48:42", "24:00:00", "23:59:60", "23:59:59.999999", "23:59:59.9999999", "12:00:00.", "12:00:00Z", "12:00:00z", "12:00:00+01:00", " 12:00:00 "]
texts += [some_time() for _ in range(80)] + [mutate(some_time(), "0123456789:.Z") for _ in range(30)]
section("{ name: x, type: time }", texts, time)


def local(zone, naive):
    """Seconds of the one moment at which clocks in a zone showed this; None when there is none, or two."""
    found = set()
    for fold in (0, 1):
        moment = naive.replace(tzinfo=zone, fold=fold)
        utc = naive - moment.utcoffset()
        if naive == (utc.replace(tzinfo=datetime.timezone.utc).astimezone(zone)).replace(tzinfo=None, fold=0):
            found.add(utc)
    return found.pop() if len(found) == 1 else None


def datetimes(zone):
    def value(text):
        match = re.fullmatch(DATE + "T" + TIME + r"(Z|([-+])([0-9]{2}):([0-9]{2}))?", text.strip(SPACES), re.A)
        try:
            parts = match.groups()
            day = (datetime.date(*map(int, parts[:3])) - EPOCH.date()).days
            micros = day * 86400000000 + micros_of(parts[3:7])
            if parts[8]:
                hours, minutes = int(parts[9]), int(parts[10])
                if hours > 23 or minutes > 59:
                    return "bad"
                micros -= (hours * 60 + minutes) * 60000000 * (1 if parts[8] == "+" else -1)
            elif zone and not parts[7]:
                naive = datetime.datetime(1970, 1, 1) + datetime.timedelta(microseconds=micros)
                utc = local(zone, naive)
                if utc is None:
                    return "bad"
                micros = (utc - datetime.datetime(1970, 1, 1)) // datetime.timedelta(microseconds=1)
            if not -62135596800000000 <= micros < 253402300800000000:
                return "bad"
            return "i %d" % micros
        except (AttributeError, ValueError):
            return "bad"
    return value


def some_datetime():
    zone = random.choice(("", "Z", "+01:00", "-05:30", "%s%02d:%02d" % (random.choice("+-"), random.randrange(26), random.randrange(62))))
    return some_date() + "T" + some_time() + zone


texts = ["", "2021-11-07T02:48:42Z", "2021-11-07T02:48:42", "2021-11-07T02:48:42+01:00", "2021-11-07 02:48:42", "2021-11-07t02:48:42z", "2021-11-07T02:48Z", "2021-11-07",
         "2021-11-07T02:48:60Z", "2021-11-07T24:00:00Z", "0001-01-01T00:00:00Z", "0001-01-01T00:00:00+00:01", "0001-01-01T00:59:59-00:01", "9999-12-31T23:59:59.999999Z",
         "9999-12-31T23:59:59-00:01", "0000-12-31T23:59:59-01:00", "2021-11-07T02:48:42+0100", "2021-11-07T02:48:42+01", "2021-11-07T02:48:42+1:00", "2021-11-07T02:48:42ZZ",
         "2021-11-07T02:48:42.Z", "2021-11-07T02:48:42.1234567Z", "2021-11-07T02:48:42,5Z", "2021-11-07T02:48:42 Z", "\t2021-11-07T02:48:42Z\n", "2021-11-07T02:48:42-00:00",
         "2021-11-07T02:48:42+24:00", "2021-11-07T02:48:42+23:59", "2021-11-07T02:48:42\u2212 01:00"]
texts += [some_datetime() for _ in range(200)] + [mutate(some_datetime(), "0123456789:.ZT+-") for _ in range(60)]
section("{ name: x, type: datetime }", texts, datetimes(None))

for name in ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "Pacific/Apia", "Africa/Casablanca", "Europe/Dublin", "America/Sao_Paulo"):
    zone = zoneinfo.ZoneInfo(name)
    texts = []
    for year in (1895, 1940, 1975, 1996, 2011, 2021, 2037, 2038, 2050, 2400, 9998):
        # Around every change of the year, in steps that hit gaps and overlaps.
        moment = datetime.datetime(year, 1, 1, tzinfo=datetime.timezone.utc)
        before = moment.astimezone(zone).utcoffset()
        while moment.year == year:
            moment += datetime.timedelta(hours=1)
            offset = moment.astimezone(zone).utcoffset()
            if offset != before:
                for minutes in (-121, -61, -60, -31, -30, -1, 0, 29, 30, 59, 60, 61, 121):
                    near = moment.replace(tzinfo=None) + random.choice((offset, before)) + datetime.timedelta(minutes=minutes)
                    texts.append(near.strftime("%Y-%m-%dT%H:%M:%S"))
            before = offset
    texts += ["%04d-%02d-%02dT%02d:30:00" % (random.randrange(1850, 2100), random.randrange(1, 13), random.randrange(1, 29), random.randrange(24)) for _ in range(40)]
    if len(texts) > 160:
        texts = random.sample(texts, 160)
    section("{ name: x, type: datetime, timezone: %s }" % name, texts + ["2021-07-01T12:00:00Z", "2021-07-01T12:00:00+02:00", "9999-12-31T12:00:00", "0001-01-02T12:00:00"],
            datetimes(zone))


# Patterns: Python's own strptime, within what the dictionary allows (no second 60 or 61, 7-bit digits).
def pattern(python, kind):
    def value(text):
        stripped = text.strip(SPACES)
        if not stripped.isascii() or (python == "%Y%m%d" and len(stripped) != 8):
            return "bad"
        if python.endswith("%z"):
            stripped = re.sub(r"([-+][0-9]{2})$", r"\g<1>00", stripped) if re.search(r":[0-9]{1,2}[-+][0-9]{2}$", stripped) else stripped
        try:
            got = datetime.datetime.strptime(stripped, python)
        except ValueError:
            return "bad"
        if re.search(r"%S", python) and re.search(r"6[01]$", stripped) and got.second not in range(60):
            return "bad"
        if kind == "date":
            return "i %d" % (got.date() - EPOCH.date()).days
        if kind == "time":
            return "i %d" % ((got - got.replace(hour=0, minute=0, second=0, microsecond=0)) // datetime.timedelta(microseconds=1))
        if got.tzinfo is None:
            got = got.replace(tzinfo=datetime.timezone.utc)
        return "i %d" % ((got - EPOCH) // datetime.timedelta(microseconds=1))
    return value


def printed(python):
    moment = datetime.datetime(random.randrange(1970, 2068), random.randrange(1, 13), random.randrange(1, 29), random.randrange(24), random.randrange(60), random.randrange(59),
                               random.randrange(1000000), tzinfo=datetime.timezone(datetime.timedelta(minutes=random.choice((0, 60, -330)))))
    return moment.strftime(python)


for python, kind in (("%d/%m/%Y", "date"), ("%d.%m.%y", "date"), ("%b %d %Y", "date"), ("%B %d, %Y", "date"), ("%Y-%j", "date"), ("%Y%m%d", "date"), ("%%%Y %m %d", "date"),
                     ("%H:%M", "time"), ("%I:%M %p", "time"), ("%H:%M:%S.%f", "time"), ("%d/%m/%Y %H:%M:%S", "datetime"), ("%Y-%m-%d %H:%M:%S.%f", "datetime"),
                     ("%Y-%m-%dT%H:%M:%S%z", "datetime"), ("%m/%d/%Y %I:%M:%S %p", "datetime"), ("%d %b %Y", "datetime"), ("%a %b %d %H:%M:%S %Y", "datetime")):
    good = [printed(python) for _ in range(20)]
    alphabet = "0123456789/.:- "
    section("{ name: x, type: %s, format: '%s' }" % (kind, python), [""] + good + [text + "x" for text in good[:2]] + [text[:-1] for text in good[:4]] +
            [mutate(random.choice(good), alphabet) for _ in range(25)], pattern(python, kind))
