// vm/std/regex_tree.h: regular expressions as trees, without flags: the parser has applied them.
//
//     pattern --regex_parse.c--> tree --regex_emit.c--> RE2 --regex_shim.cc--> matches
//                                   \--regex_pike.c--> matches (what RE2 cannot express)
#ifndef VM_STD_REGEX_TREE_H
#define VM_STD_REGEX_TREE_H

#include "vm/std/regex_set.h"

typedef enum std_assertion {
    STD_TEXT_START,
    STD_TEXT_END,
    STD_LINE_START,
    STD_LINE_END,
    STD_CRLF_LINE_START, // \r\n is one line end, and \r and \n alone are too.
    STD_CRLF_LINE_END,
    STD_WORD_EDGE,
    STD_NO_WORD_EDGE,
    STD_WORD_START,
    STD_WORD_END,
    STD_WORD_START_HALF, // No word character before.
    STD_WORD_END_HALF,   // No word character behind.
} std_assertion;

typedef enum std_node_kind {
    STD_NODE_EMPTY,
    STD_NODE_SET,    // One character of .set.
    STD_NODE_ASSERT, // .assertion, .is_ascii: with ASCII word characters.
    STD_NODE_GROUP,  // .first, captured as group .capture.
    STD_NODE_CONCAT, // .first and its siblings in turn.
    STD_NODE_CHOICE, // The first of .first and its siblings that leads to a match.
    STD_NODE_REPEAT, // .first from .min to .max times.
} std_node_kind;

enum { STD_REPEAT_UNLIMITED = -1 };

typedef struct std_node {
    std_node_kind kind;
    std_assertion assertion;
    bool is_ascii;
    bool is_lazy;
    int32_t min;
    int32_t max; // STD_REPEAT_UNLIMITED: no limit.
    uint32_t capture;
    std_set set;
    struct std_node *first;
    struct std_node *next; // Sibling.
} std_node;

typedef struct std_group_name {
    bl_slice name;
    uint32_t capture;
    struct std_group_name *next;
} std_group_name;

typedef struct std_tree {
    std_node *root;
    std_group_name *names;
    uint32_t capture_count; // With group 0, the whole match.
    uint64_t cost;          // Characters and assertions when all repetitions are written out.
    char reason[128];       // Why the pattern is malformed.
} std_tree;

enum {
    STD_REGEX_SIZE_MAX = 64 * 1024, // Bytes of a pattern.
    STD_REGEX_NEST_MAX = 250,       // Groups and classes in each other: bounds all recursions.
    STD_REGEX_STACK_MAX = 8,        // Repetitions of repetitions: `a**` has two.
    STD_REGEX_COST_MAX = 100000,    // Beyond it `(a{1000}){1000}` and the like are refused.
};

// False: malformed, tree->reason says why. Everything is of the arena.
bool std_regex_parse(bl_arena *arena, bl_slice pattern, std_tree *tree);
// Word characters of \w and \b.
const std_set *std_regex_word_set(void);

#endif
