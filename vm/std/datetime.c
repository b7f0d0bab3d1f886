// vm/std/datetime.c: the module DateTime: RFC 3339 in the proleptic Gregorian calendar.
#include "vm/std/modules.h"
#include "vm/std/std.h"
#include "vm/std/time.h"

enum {
    MS_PER_SECOND = 1000,
    MS_PER_DAY = 24 * 60 * 60 * MS_PER_SECOND,
    YEAR_LIMIT = 262143, // What to_string can show: years of this many digits at most.
};

// ---- calendar --------------------------------------------------------------------------------
// Days are counted in eras of 400 years (146097 days) that begin on 1 March: then the leap day is
// the last of its year, and the months from March on have a regular pattern.

static int64_t floor_divide(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

// Days since 1970-01-01.
static int64_t days_of_date(int64_t year, int64_t month, int64_t day)
{
    year -= month <= 2;
    int64_t era = floor_divide(year, 400);
    int64_t year_of_era = year - era * 400;
    int64_t month_from_march = month > 2 ? month - 3 : month + 9;
    int64_t day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146097 + day_of_era - 719468;
}

static void date_of_days(int64_t days, int64_t *year, int64_t *month, int64_t *day)
{
    days += 719468;
    int64_t era = floor_divide(days, 146097);
    int64_t day_of_era = days - era * 146097;
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t month_from_march = (5 * day_of_year + 2) / 153;
    *day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    *month = month_from_march < 10 ? month_from_march + 3 : month_from_march - 9;
    *year = year_of_era + era * 400 + (*month <= 2);
}

static int64_t days_in_month(int64_t year, int64_t month)
{
    static const int64_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return days[month - 1] + (month == 2 && is_leap);
}

// ---- reading ---------------------------------------------------------------------------------

static const char too_short[] = "premature end of input";
static const char bad_character[] = "input contains invalid characters";
static const char out_of_range[] = "input is out of range";
static const char trailing[] = "trailing input";

typedef struct scanner {
    bl_slice rest;
    const char *problem; // The first one; nothing is read behind it.
} scanner;

static void refuse(scanner *self, const char *problem)
{
    if (self->problem == NULL) {
        self->problem = problem;
    }
}

// The next byte, 0 after a problem or at the end (which is one).
static char next(scanner *self)
{
    if (self->problem != NULL || self->rest.size == 0) {
        refuse(self, too_short);
        return 0;
    }
    char c = self->rest.data[0];
    self->rest = (bl_slice){self->rest.data + 1, self->rest.size - 1};
    return c;
}

static void expect(scanner *self, const char *choices)
{
    char c = next(self);
    if (self->problem == NULL && (c == 0 || strchr(choices, c) == NULL)) {
        refuse(self, bad_character);
    }
}

// Exactly so many digits.
static int64_t number(scanner *self, int digits)
{
    int64_t value = 0;
    for (int i = 0; i < digits; i++) {
        char c = next(self);
        if (self->problem == NULL && (c < '0' || c > '9')) {
            refuse(self, bad_character);
        }
        value = value * 10 + (c - '0');
    }
    return self->problem == NULL ? value : 0;
}

static int64_t number_in(scanner *self, int64_t low, int64_t high)
{
    int64_t value = number(self, 2);
    if (self->problem == NULL && (value < low || value > high)) {
        refuse(self, out_of_range);
    }
    return value;
}

static bool is_digit_next(const scanner *self)
{
    return self->problem == NULL && self->rest.size > 0 && self->rest.data[0] >= '0' &&
           self->rest.data[0] <= '9';
}

// `.` and digits, if they are there: milliseconds, the rest is cut.
static int64_t fraction_ms(scanner *self)
{
    if (self->problem != NULL || self->rest.size == 0 || self->rest.data[0] != '.') {
        return 0;
    }
    next(self);
    int64_t value = number(self, 1) * 100;
    for (int64_t weight = 10; is_digit_next(self); weight /= 10) {
        value += (next(self) - '0') * weight;
    }
    return value;
}

// `Z` or ±HH:MM, in milliseconds.
static int64_t offset_ms(scanner *self)
{
    char c = next(self);
    if (self->problem != NULL || c == 'Z' || c == 'z') {
        return 0;
    }
    if (c != '+' && c != '-') {
        refuse(self, bad_character);
        return 0;
    }
    int64_t hours = number_in(self, 0, 23);
    expect(self, ":");
    int64_t minutes = number_in(self, 0, 59);
    int64_t offset = (hours * 60 + minutes) * 60 * MS_PER_SECOND;
    return c == '-' ? -offset : offset;
}

static int64_t read_date_ms(scanner *self)
{
    int64_t year = number(self, 4);
    expect(self, "-");
    int64_t month = number_in(self, 1, 12);
    expect(self, "-");
    int64_t day = number_in(self, 1, 31);
    if (self->problem == NULL && day > days_in_month(year, month)) {
        refuse(self, out_of_range);
    }
    return self->problem == NULL ? days_of_date(year, month, day) * MS_PER_DAY : 0;
}

// NULL, or what is wrong.
static const char *parse_instant(bl_slice text, int64_t *instant)
{
    scanner self = {.rest = text};
    int64_t date = read_date_ms(&self);
    expect(&self, "Tt ");
    int64_t hours = number_in(&self, 0, 23);
    expect(&self, ":");
    int64_t minutes = number_in(&self, 0, 59);
    expect(&self, ":");
    int64_t seconds = number_in(&self, 0, 60);
    int64_t fraction = fraction_ms(&self);
    int64_t offset = offset_ms(&self);
    if (self.problem == NULL && self.rest.size > 0) {
        refuse(&self, trailing);
    }
    *instant = date + ((hours * 60 + minutes) * 60 + seconds) * MS_PER_SECOND + fraction - offset;
    return self.problem;
}

// ---- natives ---------------------------------------------------------------------------------

static vm_status datetime_now(vm_task *task, vm_value *args, vm_value *result)
{
    (void)task; // Cannot fail.
    (void)args; // None.
    return std_give(result, vm_int(std_wall_clock_ms()));
}

static vm_status datetime_parse(vm_task *task, vm_value *args, vm_value *result)
{
    if (!std_is_string(args[0])) {
        return vm_fail_type(task, "DateTime.parse", "String", args[0]);
    }
    vm_heap *heap = vm_task_heap(task);
    int64_t instant = 0;
    const char *problem = parse_instant(vm_text(args[0]), &instant);
    if (problem != NULL) {
        return std_give(result, vm_err(heap, std_ascii(heap, problem, strlen(problem))));
    }
    return std_give(result, vm_ok(heap, vm_int(instant)));
}

// Years of more than four digits and those before 0 carry their sign.
static size_t print_instant(int64_t instant, char *out, size_t size)
{
    int64_t year;
    int64_t month;
    int64_t day;
    int64_t days = floor_divide(instant, MS_PER_DAY);
    int64_t rest = instant - days * MS_PER_DAY;
    date_of_days(days, &year, &month, &day);
    const char *sign = year < 0 ? "-" : year > 9999 ? "+" : "";
    int length = snprintf(out, size, "%s%04d", sign, (int)(year < 0 ? -year : year));
    int64_t seconds = rest / MS_PER_SECOND;
    length +=
        snprintf(out + length, size - (size_t)length, "-%02d-%02dT%02d:%02d:%02d", (int)month,
                 (int)day, (int)(seconds / 3600), (int)(seconds / 60 % 60), (int)(seconds % 60));
    if (rest % MS_PER_SECOND != 0) {
        length +=
            snprintf(out + length, size - (size_t)length, ".%03d", (int)(rest % MS_PER_SECOND));
    }
    length += snprintf(out + length, size - (size_t)length, "+00:00");
    return (size_t)length;
}

static vm_status datetime_to_string(vm_task *task, vm_value *args, vm_value *result)
{
    if (args[0].tag != VM_INT) {
        return vm_fail_type(task, "DateTime.to_string", "Int", args[0]);
    }
    int64_t instant = args[0].integer;
    int64_t first = days_of_date(-YEAR_LIMIT, 1, 1) * MS_PER_DAY;
    int64_t end = days_of_date(YEAR_LIMIT, 1, 1) * MS_PER_DAY;
    if (instant < first || instant >= end) {
        return vm_fail(task, "DateTime.to_string: invalid epoch ms %lld", (long long)instant);
    }
    char text[64];
    size_t size = print_instant(instant, text, sizeof(text));
    return std_give(result, std_ascii(vm_task_heap(task), text, size));
}

static vm_status datetime_add(vm_task *task, vm_value *args, vm_value *result)
{
    if (args[0].tag != VM_INT || args[1].tag != VM_INT) {
        return vm_fail(task, "DateTime.add: expected (Int, Int)");
    }
    int64_t delta;
    int64_t sum;
    if (__builtin_mul_overflow(args[1].integer, (int64_t)MS_PER_SECOND, &delta) ||
        __builtin_add_overflow(args[0].integer, delta, &sum)) {
        return vm_fail(task, "Integer overflow in DateTime.add");
    }
    return std_give(result, vm_int(sum));
}

static vm_status datetime_diff(vm_task *task, vm_value *args, vm_value *result)
{
    if (args[0].tag != VM_INT || args[1].tag != VM_INT) {
        return vm_fail(task, "DateTime.diff: expected (Int, Int)");
    }
    int64_t a = args[0].integer;
    int64_t b = args[1].integer;
    int64_t seconds = a / MS_PER_SECOND - b / MS_PER_SECOND; // a - b itself may need 65 bits.
    int64_t rest = a % MS_PER_SECOND - b % MS_PER_SECOND;    // Within ±1998.
    int64_t carry = rest / MS_PER_SECOND;
    rest -= carry * MS_PER_SECOND;
    seconds += carry;
    if (seconds > 0 && rest < 0) { // Toward zero: both parts with one sign.
        seconds -= 1;
    } else if (seconds < 0 && rest > 0) {
        seconds += 1;
    }
    return std_give(result, vm_int(seconds));
}

static vm_native natives[] = {
#include "vm/std/datetime.def"
};

vm_module std_datetime_module = STD_EFFECT_MODULE("DateTime", "dt", "Time", VM_PRELUDE_SCRIPT);
