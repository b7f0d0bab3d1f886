// engine/timers.c: see timers.h.
//
// A node's children are a doubly linked list: child is the first, sibling the next, before the
// previous one or, at the first, the parent. Children are never due before their parent.
#include "engine/timers.h"

static eng_timer *merge(eng_timer *a, eng_timer *b)
{
    if (a == NULL || b == NULL) {
        return a == NULL ? b : a;
    }
    eng_timer *parent = b->due_ns < a->due_ns ? b : a;
    eng_timer *child = parent == a ? b : a;
    child->before = parent;
    child->sibling = parent->child;
    if (parent->child != NULL) {
        parent->child->before = child;
    }
    parent->child = child;
    parent->sibling = NULL;
    parent->before = NULL;
    return parent;
}

// Merges a list of siblings: in pairs from the left, then the pairs from the right. Without
// recursion: the pairs are kept as a stack in `before`.
static eng_timer *merge_siblings(eng_timer *first)
{
    eng_timer *pairs = NULL;
    while (first != NULL) {
        eng_timer *second = first->sibling;
        eng_timer *rest = second == NULL ? NULL : second->sibling;
        first->sibling = NULL;
        if (second != NULL) {
            second->sibling = NULL;
        }
        eng_timer *pair = merge(first, second);
        pair->before = pairs;
        pairs = pair;
        first = rest;
    }
    eng_timer *root = NULL;
    while (pairs != NULL) {
        eng_timer *next = pairs->before;
        pairs->before = NULL;
        root = merge(root, pairs);
        pairs = next;
    }
    return root;
}

static void detach(eng_timers *timers, eng_timer *timer)
{
    eng_timer *children = merge_siblings(timer->child);
    if (timer == timers->root) {
        timers->root = children;
    } else {
        if (timer->before->child == timer) {
            timer->before->child = timer->sibling;
        } else {
            timer->before->sibling = timer->sibling;
        }
        if (timer->sibling != NULL) {
            timer->sibling->before = timer->before;
        }
        timers->root = merge(timers->root, children);
    }
    timer->child = NULL;
    timer->sibling = NULL;
    timer->before = NULL;
    timer->is_set = false;
}

void eng_timers_set(eng_timers *timers, eng_timer *timer, int64_t due_ns)
{
    if (timer->is_set) {
        detach(timers, timer);
    }
    timer->due_ns = due_ns;
    timer->is_set = true;
    timers->root = merge(timers->root, timer);
}

void eng_timers_cancel(eng_timers *timers, eng_timer *timer)
{
    if (timer->is_set) {
        detach(timers, timer);
    }
}

eng_timer *eng_timers_take(eng_timers *timers, int64_t now_ns)
{
    eng_timer *timer = timers->root;
    if (timer == NULL || timer->due_ns > now_ns) {
        return NULL;
    }
    detach(timers, timer);
    return timer;
}
