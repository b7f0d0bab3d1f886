// perf/lang/tree.c: inserts into a persistent red-black tree; nodes are counted and freed as
// Baseline does it: a path is copied, what nobody refers to is given back.
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct node {
    bool red;
    int64_t count;
    int64_t key;
    struct node *left;
    struct node *right;
} node;

static node *dup(node *tree)
{
    if (tree != NULL) {
        tree->count += 1;
    }
    return tree;
}

static void drop(node *tree)
{
    if (tree != NULL && --tree->count == 0) {
        drop(tree->left);
        drop(tree->right);
        free(tree);
    }
}

// Takes both children.
static node *make(bool red, node *left, int64_t key, node *right)
{
    node *made = malloc(sizeof(*made));
    *made = (node){red, 1, key, left, right};
    return made;
}

static bool is_red(const node *tree)
{
    return tree != NULL && tree->red;
}

// A red node above two black ones from three nodes in order and their four subtrees, which it
// takes.
static node *rotate(node *a, int64_t x, node *b, int64_t y, node *c, int64_t z, node *d)
{
    return make(true, make(false, a, x, b), y, make(false, c, z, d));
}

// Takes both children.
static node *balance(bool red, node *left, int64_t key, node *right)
{
    node *made = NULL;
    if (!red && is_red(left)) {
        node *l = left->left;
        node *r = left->right;
        if (is_red(l)) {
            made = rotate(dup(l->left), l->key, dup(l->right), left->key, dup(r), key, right);
        } else if (is_red(r)) {
            made = rotate(dup(l), left->key, dup(r->left), r->key, dup(r->right), key, right);
        }
        if (made != NULL) {
            drop(left);
            return made;
        }
    }
    if (!red && is_red(right)) {
        node *l = right->left;
        node *r = right->right;
        if (is_red(l)) {
            made = rotate(left, key, dup(l->left), l->key, dup(l->right), right->key, dup(r));
        } else if (is_red(r)) {
            made = rotate(left, key, dup(l), right->key, dup(r->left), r->key, dup(r->right));
        }
        if (made != NULL) {
            drop(right);
            return made;
        }
    }
    return make(red, left, key, right);
}

static node *add(node *tree, int64_t key)
{
    if (tree == NULL) {
        return make(true, NULL, key, NULL);
    }
    if (key < tree->key) {
        return balance(tree->red, add(tree->left, key), tree->key, dup(tree->right));
    }
    if (key > tree->key) {
        return balance(tree->red, dup(tree->left), tree->key, add(tree->right, key));
    }
    return dup(tree);
}

static int64_t mix(const node *tree, int64_t depth)
{
    if (tree == NULL) {
        return depth;
    }
    return (mix(tree->left, depth + 1) + mix(tree->right, depth + 1) + tree->key) % 1000003;
}

int main(void)
{
    node *tree = NULL;
    int64_t seed = 42;
    for (int i = 0; i < 120000; i++) {
        node *added = add(tree, seed);
        node *root = make(false, dup(added->left), added->key, dup(added->right));
        drop(added);
        drop(tree);
        tree = root;
        seed = seed * 16807 % 2147483647;
    }
    printf("%ld\n", (long)mix(tree, 0));
    drop(tree);
    return 0;
}
