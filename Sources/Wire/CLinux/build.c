#include "clinux.h"

// scripts/release writes what was built into the section of the program that has been linked, in the place of this: a flag
// for the compiler would have everything compiled again after each commit.
__attribute__((used, section(".portmirror.build"))) static const char mark[CLINUX_BUILD_MARK_SIZE] = "development build";

const char *clinux_build_mark(void) {
    // The compiler knows only what stands here.
    const char *volatile place = mark;
    return place;
}
