// vm/number_shim.cc: the charconv of C++ for C, see number_shim.h.
#include "vm/number_shim.h"

#include <charconv>
#include <cmath>
#include <cstdlib>
#include <string>

size_t vm_number_scientific(double number, char *out)
{
    auto result =
        std::to_chars(out, out + VM_SCIENTIFIC_SIZE, number, std::chars_format::scientific);
    return static_cast<size_t>(result.ptr - out);
}

bool vm_number_read(const char *text, size_t size, double *number)
{
    auto result = std::from_chars(text, text + size, *number, std::chars_format::general);
    if (result.ptr != text + size) {
        return false;
    }
    if (result.ec == std::errc::result_out_of_range) {
        // Too large or too small: from_chars does not say which. Rare, so it may cost a copy.
        *number = std::strtod(std::string(text, size).c_str(), nullptr);
        return !std::isinf(*number);
    }
    return result.ec == std::errc();
}
