// cli/test_report.h: what `test` found out, and its two written forms.
//
//     test_report report;
//     test_report_init(&report);
//     test_report_add(&report, outcome);   // texts of outcomes: bl_arena_… (&report.arena, …)
//     test_report_write_text(&report, many_files, &out);
//     test_report_deinit(&report);
#ifndef CLI_TEST_REPORT_H
#define CLI_TEST_REPORT_H

#include "lang/lang.h"

typedef enum test_verdict { VERDICT_PASS, VERDICT_FAIL, VERDICT_SKIP } test_verdict;

// A side of the check that failed, or where it first differs: "left" and its text.
typedef struct test_side {
    const char *label; // NULL: not shown.
    bl_slice text;
} test_side;

enum { TEST_SIDES = 3 };

typedef struct test_outcome {
    const char *file;
    bl_slice name;
    lang_position at; // Of the `test` or `it`; 0:0 for a file that does not compile.
    test_verdict verdict;
    // Of a failure:
    bl_slice message;
    const char *failure_file; // NULL: no place is known.
    lang_position failure_at;
    bl_slice excerpt; // The lines about that place.
    test_side sides[TEST_SIDES];
    bl_slice stack; // "  in NAME (FILE:LINE)" lines of a run-time error.
} test_outcome;

typedef struct test_report {
    bl_arena arena; // Of the outcomes' texts.
    test_outcome *items;
    uint32_t count, capacity;
    uint32_t counts[VERDICT_SKIP + 1];
    bool read_failed; // Some file could not be read: the run has failed.
    bool has_leaked;  // A leak check (BL_LEAK_CHECK=1) found something: the same.
} test_report;

void test_report_init(test_report *report);
void test_report_deinit(test_report *report);
void test_report_add(test_report *report, test_outcome item);
bool test_report_has_failed(const test_report *report);
// many_files: each file's tests stand under its path.
void test_report_write_text(const test_report *report, bool many_files, bl_buffer *out);
void test_report_write_json(const test_report *report, bl_buffer *out);

#endif
