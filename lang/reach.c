// lang/reach.c: what a run of each function can reach: for the placement of request handlers.
//
// The least fixed point over the graph of who may call whom. A call of an unknown value is not an
// edge: instead a function counts as reaching every function whose value it makes (lambdas where
// they are written, names of functions, dictionaries), and what a closure or a piece of state
// carries along is looked through by whoever holds it.
#include "lang/ir.h"

#include <assert.h>
#include <stdlib.h>

typedef struct edge {
    uint32_t callee;
    uint32_t caller;
} edge;

typedef struct reach_graph {
    ir_program *program;
    edge *edges;
    uint32_t edge_count;
    uint32_t edge_capacity;
} reach_graph;

static const uint32_t facts_kept = VM_EFFECT | VM_OUTSIDE | VM_BLOCKING | VM_PARKS | VM_VARYING;

// The fact that decides most about where a function may run.
static uint32_t weight(uint32_t reach)
{
    if ((reach & VM_BLOCKING) != 0) {
        return 4;
    }
    if ((reach & VM_PARKS) != 0) {
        return 3;
    }
    return (reach & VM_OUTSIDE) != 0 ? 2 : reach != 0;
}

// True if something new was added.
static bool add_reach(ir_function *function, uint32_t reach, const char *reason)
{
    if (weight(reach) > weight(function->reach) || function->reach_reason == NULL) {
        function->reach_reason = reason;
    }
    uint32_t all = function->reach | (reach & facts_kept);
    bool grown = all != function->reach;
    function->reach = all;
    return grown;
}

static void add_native(reach_graph *graph, ir_function *function, const vm_native *native)
{
    if ((native->flags & facts_kept) == 0) {
        return;
    }
    const char *module = native->module == NULL ? "" : native->module->name;
    const char *bang = (native->flags & VM_EFFECT) != 0 ? "!" : "";
    bl_slice name =
        bl_arena_format(&graph->program->target->arena, "%s.%s%s", module, native->name, bang);
    add_reach(function, native->flags, name.data);
}

static void add_edge(reach_graph *graph, const ir_function *caller, uint32_t callee)
{
    if (graph->edge_count == graph->edge_capacity) {
        graph->edge_capacity = graph->edge_capacity == 0 ? 256 : graph->edge_capacity * 2;
        graph->edges = bl_realloc(graph->edges, graph->edge_capacity * sizeof *graph->edges);
    }
    graph->edges[graph->edge_count++] = (edge){callee, caller->index};
}

static void add_value(reach_graph *graph, ir_function *function, vm_value value, uint32_t depth)
{
    if (value.tag == VM_FUNCTION) {
        add_edge(graph, function, value.function->index);
    } else if (value.tag == VM_NATIVE) {
        add_native(graph, function, value.native);
    } else if (value.tag == VM_TUPLE && depth < 8) { // A dictionary.
        for (uint32_t i = 0; i < value.tuple->size; i++) {
            add_value(graph, function, value.tuple->items[i], depth + 1);
        }
    }
}

static void add_instruction(reach_graph *graph, ir_function *function, const ir_instruction *at)
{
    switch ((unsigned)at->op) {
    case IR_CONSTANT:
        add_value(graph, function, at->as.constant, 0);
        return;
    case IR_CALL:
    case IR_TAIL_CALL:
    case IR_CLOSURE:
        add_edge(graph, function, at->as.function->index);
        return;
    case IR_NATIVE:
        add_native(graph, function, at->as.native);
        return;
    case IR_PERFORM:
        add_reach(function, VM_EFFECT, at->as.operation->effect);
        if (at->as.operation->native != NULL) {
            add_native(graph, function, at->as.operation->native);
        }
        if (at->as.operation->function != NULL) {
            add_edge(graph, function, at->as.operation->function->index);
        }
        return;
    default:
        return;
    }
}

static int compare_edges(const void *left, const void *right)
{
    const edge *a = left;
    const edge *b = right;
    return a->callee < b->callee ? -1 : a->callee > b->callee;
}

// Hands facts on from callees to callers until nothing changes.
static void propagate(reach_graph *graph)
{
    ir_program *program = graph->program;
    uint32_t count = program->function_count;
    uint32_t *first = bl_alloc_zeroed(count + 2, sizeof *first);
    uint32_t *queue = bl_alloc((count + 1) * sizeof *queue);
    bool *queued = bl_alloc_zeroed(count + 1, sizeof *queued);
    uint32_t head = 0;
    uint32_t waiting = 0;
    if (graph->edge_count != 0) {
        qsort(graph->edges, graph->edge_count, sizeof(edge), compare_edges);
    }
    for (uint32_t i = 0; i < graph->edge_count; i++) {
        first[graph->edges[i].callee + 1] += 1;
    }
    for (uint32_t i = 0; i < count; i++) {
        first[i + 1] += first[i];
        if (program->functions[i]->reach != 0) {
            queue[waiting++] = i;
            queued[i] = true;
        }
    }
    while (waiting > 0) {
        uint32_t callee = queue[head];
        head = (head + 1) % (count + 1);
        waiting -= 1;
        queued[callee] = false;
        const ir_function *from = program->functions[callee];
        for (uint32_t i = first[callee]; i < first[callee + 1]; i++) {
            assert(graph->edges != NULL);
            uint32_t caller = graph->edges[i].caller;
            if (add_reach(program->functions[caller], from->reach, from->reach_reason) &&
                !queued[caller]) {
                queue[(head + waiting) % (count + 1)] = caller;
                waiting += 1;
                queued[caller] = true;
            }
        }
    }
    bl_free(first);
    bl_free(queue);
    bl_free(queued);
}

void ir_find_reach(ir_program *program)
{
    reach_graph graph = {.program = program};
    for (uint32_t i = 0; i < program->function_count; i++) {
        ir_function *function = program->functions[i];
        for (uint32_t b = 0; b < function->block_count; b++) {
            for (const ir_instruction *at = function->blocks[b]->first; at != NULL; at = at->next) {
                add_instruction(&graph, function, at);
            }
        }
    }
    propagate(&graph);
    bl_free(graph.edges);
}
