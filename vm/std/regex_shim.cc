// vm/std/regex_shim.cc: RE2 for C, see regex_shim.h.
#include "vm/std/regex_shim.h"

#include <cstdint>
#include <new>
#include <re2/re2.h>
#include <vector>

namespace
{
// Compiled form and matching state of one pattern, at most.
constexpr int64_t memory_max = 32 << 20;
constexpr size_t few_spans = 16;
} // namespace

struct std_re2 {
    explicit std_re2(re2::StringPiece pattern, const re2::RE2::Options &options)
        : regex(pattern, options)
    {
    }
    re2::RE2 regex;
};

std_re2 *std_re2_create(const char *pattern, size_t size)
{
    re2::RE2::Options options;
    options.set_log_errors(false);
    options.set_max_mem(memory_max);
    auto *made = new (std::nothrow) std_re2(re2::StringPiece(pattern, size), options);
    if (made != nullptr && !made->regex.ok()) {
        delete made;
        made = nullptr;
    }
    return made;
}

void std_re2_destroy(std_re2 *regex)
{
    delete regex;
}

bool std_re2_find(const std_re2 *regex, const char *text, size_t size, size_t from, std_span *spans,
                  size_t span_count)
{
    re2::StringPiece few[few_spans];
    std::vector<re2::StringPiece> many(span_count > few_spans ? span_count : 0);
    re2::StringPiece *groups = many.empty() ? few : many.data();
    if (!regex->regex.Match(re2::StringPiece(text, size), from, size, re2::RE2::UNANCHORED, groups,
                            static_cast<int>(span_count))) {
        return false;
    }
    for (size_t i = 0; i < span_count; i++) {
        bool has_matched = groups[i].data() != nullptr;
        size_t start = has_matched ? static_cast<size_t>(groups[i].data() - text) : SIZE_MAX;
        spans[i].start = start;
        spans[i].end = has_matched ? start + groups[i].size() : SIZE_MAX;
    }
    return true;
}
