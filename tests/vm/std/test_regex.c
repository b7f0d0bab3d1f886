// tests/vm/std/test_regex.c: regular expressions: syntax, errors, and the two matchers side by
// side.
#include <criterion/criterion.h>

#include "harness.h"
#include "vm/std/regex_emit.h"
#include "vm/std/regex_pike.h"

Test(std_regex, finds)
{
    static const std_row rows[] = {
        {"String.matches", "[\"abc\", \"b\"]", "true"},
        {"String.matches", "[\"abc\", \"^b\"]", "false"},
        {"String.matches", "[\"abc\\n\", \"c$\"]", "false"},
        {"String.matches", "[\"abc\\nd\", \"(?m)c$\"]", "true"},
        {"String.matches", "[\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!\", \"^(a+)+$\"]", "false"},
        {"String.find_matches", "[\"ab a\", \"a|ab\"]", "[a, a]"},
        {"String.find_matches", "[\"ab a\", \"ab|a\"]", "[ab, a]"},
        {"String.find_matches", "[\"aaa\", \"a+?\"]", "[a, a, a]"},
        {"String.find_matches", "[\"a1_é٣ -\", \"\\\\w\"]", "[a, 1, _, é, ٣]"},
        {"String.find_matches", "[\"a1é٣\", \"\\\\d\"]", "[1, ٣]"},
        {"String.find_matches", "[\"a1é٣\", \"(?-u)\\\\w\"]", "[a, 1]"},
        {"String.find_matches", "[\"abcdef\", \"[a-f&&[^c]--e]\"]", "[a, b, d, f]"},
        {"String.find_matches", "[\"abc\", \"[a-b~~b-c]\"]", "[a, c]"},
        {"String.find_matches", "[\"ab]-\", \"[]b-]\"]", "[b, ], -]"},
        {"String.find_matches", "[\"abc\", \"[^a&&b]\"]", "[a, b, c]"},
        {"String.find_matches", "[\"aB1!\", \"[[:alpha:]]\"]", "[a, B]"},
        {"String.find_matches", "[\"aB1!\", \"[[:^alpha:]]\"]", "[1, !]"},
        {"String.find_matches", "[\"aβГ\", \"\\\\p{Greek}\"]", "[β]"},
        {"String.find_matches", "[\"aβГ\", \"\\\\p{sc=Cyrl}\"]", "[Г]"},
        {"String.find_matches", "[\"aBГ\", \"\\\\p{uppercase letter}\"]", "[B, Г]"},
        {"String.find_matches", "[\"a😀\", \"\\\\p{Emoji}\"]", "[😀]"},
        {"String.find_matches", "[\"a1\", \"\\\\PL\"]", "[1]"},
        {"String.find_matches", "[\"KkK\", \"(?i)k\"]", "[K, k, K]"},
        {"String.find_matches", "[\"ff ﬀ FF\", \"(?i)FF\"]", "[ff, FF]"},
        {"String.find_matches", "[\"été fête\", \"\\\\b\\\\w+\\\\b\"]", "[été, fête]"},
        {"String.find_matches", "[\"ab cd\", \"\\\\b{start}\\\\w\"]", "[a, c]"},
        {"String.find_matches", "[\"ab cd\", \"\\\\w\\\\>\"]", "[b, d]"},
        {"String.find_matches", "[\"a\\r\\nb\", \"(?mR)^.*$\"]", "[a, b]"},
        {"String.find_matches", "[\"aab\", \"(?U)a+\"]", "[a, a]"},
        {"String.find_matches", "[\"a b\", \"(?x) a \\\\  b # comment\"]", "[a b]"},
        {"String.find_matches", "[\"a\\u0041\", \"\\\\x41|\\\\u{61}\"]", "[a, A]"},
        {"String.find_matches", "[\"aaaa\", \"a{2}\"]", "[aa, aa]"},
        {"String.find_matches", "[\"aaa\", \"a**\"]", "[aaa]"},
        {"String.find_matches", "[\"ab\", \"\"]", "[, , ]"},
        {"String.replace_regex", "[\"baac\", \"a*\", \"x\"]", "xbxcx"},
        {"String.replace_regex", "[\"john smith\", \"(\\\\w+) (?<last>\\\\w+)\", \"$last, $1\"]",
         "smith, john"},
        {"String.replace_regex", "[\"ab\", \"(a)\", \"[$1x|${1}x|$$|$|$0|$9|${nope}]\"]",
         "[|ax|$|$|a||]b"},
        {"String.replace_regex", "[\"a\", \"a|(b)\", \"<$1>\"]", "<>"},
    };
    std_check_rows(rows, BL_ARRAY_COUNT(rows));
}

Test(std_regex, refuses)
{
    static const char *const patterns[] = {
        "(",
        ")",
        "a)",
        "[a",
        "[]",
        "*a",
        "a{",
        "a{,2}",
        "a{2,1}",
        "{1}",
        "\\\\1",
        "(?=a)",
        "(?!a)",
        "(?<=a)",
        "(?<!a)",
        "\\\\Z",
        "\\\\Q",
        "\\\\y",
        "\\\\p{No}x{",
        "\\\\p{Nope}",
        "(?-u:.)",
        "(?-u:[^a])",
        "(?z)",
        "(?<1>a)",
        "(?<a>b)(?<a>c)",
        "[z-a]",
        "[\\\\d-z]",
        "(a{1000}){1000}",
        "\\\\x{110000}",
        "\\\\ud800",
        "a{99999999999}",
        "(?i",
        "(?",
        "\\\\",
    };
    for (size_t i = 0; i < BL_ARRAY_COUNT(patterns); i++) {
        std_fixture self;
        std_open(&self);
        vm_heap *heap = vm_task_heap(self.task);
        bl_buffer plain = {0};
        for (const char *at = patterns[i]; *at != 0; at++) { // Written as inside JSON above.
            at += at[0] == '\\' && at[1] == '\\';
            bl_buffer_append_char(&plain, *at);
        }
        vm_value args[2] = {vm_string_make(heap, "text", 4),
                            vm_string_slice(heap, bl_buffer_slice(&plain))};
        const char *message = NULL;
        std_call(&self, "String.matches", args, 2, &message);
        cr_expect_not_null(message, "%s", patterns[i]);
        if (message != NULL) {
            cr_expect_eq(strncmp(message, "String.matches: invalid regex '", 31), 0, "%s", message);
        }
        bl_buffer_deinit(&plain);
        std_close(&self, patterns[i]);
    }
}

// Random small patterns over a and b: RE2 and our own matcher find the same. What may be empty is
// not repeated: there engines differ in what they prefer. True: the pattern may be empty.
static bool random_pattern(bl_buffer *out, uint64_t *state, int depth)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    uint32_t dice = (uint32_t)(*state >> 40);
    static const char *const atoms[] = {"a", "b", "[ab]", ".", "(?i:A)", "^", "$", "\\b", "\\B"};
    static const char *const suffixes[] = {"", "*", "+", "?", "*?", "{1,2}", "", "+?"};
    if (depth == 0 || dice % 4 == 0) {
        uint32_t atom = dice / 4 % BL_ARRAY_COUNT(atoms);
        bl_buffer_append_slice(out, bl_slice_of(atoms[atom]));
        return atom > 4;
    }
    bool is_choice = dice % 5 == 0;
    bl_buffer_append_slice(out, dice % 3 == 0 ? BL_SLICE("(") : BL_SLICE("(?:"));
    bool is_left_empty = random_pattern(out, state, depth - 1);
    bl_buffer_append_slice(out, is_choice ? BL_SLICE("|") : BL_SLICE(""));
    bool is_right_empty = random_pattern(out, state, depth - 1);
    bl_buffer_append_char(out, ')');
    bool is_empty = is_choice ? is_left_empty || is_right_empty : is_left_empty && is_right_empty;
    uint32_t suffix = is_empty ? 0 : dice / 64 % BL_ARRAY_COUNT(suffixes);
    bl_buffer_append_slice(out, bl_slice_of(suffixes[suffix]));
    return is_empty || suffix == 1 || suffix == 3 || suffix == 4;
}

Test(std_regex, both_matchers_agree)
{
    static const char *const texts[] = {"", "a", "ab", "abba", "b\na", "aab ba", "AbA"};
    uint64_t state = 7;
    for (int round = 0; round < 2000; round++) {
        bl_arena arena;
        bl_arena_init(&arena, 0);
        bl_buffer pattern = {0};
        random_pattern(&pattern, &state, 3);
        std_tree tree;
        cr_assert(std_regex_parse(&arena, bl_buffer_slice(&pattern), &tree), "%s: %.*s",
                  tree.reason, BL_SLICE_ARG(bl_buffer_slice(&pattern)));
        bl_buffer text = {0};
        cr_assert_neq(std_regex_emit(&text, tree.root), STD_REGEX_FOREIGN);
        std_re2 *re2 = std_re2_create(text.data, text.size);
        cr_assert_not_null(re2, "%.*s", BL_SLICE_ARG(bl_buffer_slice(&text)));
        const std_pike *pike = std_pike_compile(&arena, &tree);
        for (size_t i = 0; i < BL_ARRAY_COUNT(texts); i++) {
            bl_slice subject = bl_slice_of(texts[i]);
            std_span a = {0, 0};
            std_span b = {0, 0};
            bool has_a = std_re2_find(re2, subject.data, subject.size, 0, &a, 1);
            bool has_b = std_pike_find(pike, subject, 0, &b, 1);
            cr_expect(has_a == has_b && a.start == b.start && a.end == b.end,
                      "%.*s on `%s`: RE2 %d %zu-%zu, own %d %zu-%zu",
                      BL_SLICE_ARG(bl_buffer_slice(&pattern)), texts[i], has_a, a.start, a.end,
                      has_b, b.start, b.end);
        }
        std_re2_destroy(re2);
        bl_buffer_deinit(&text);
        bl_buffer_deinit(&pattern);
        bl_arena_deinit(&arena);
    }
}
