// To be included before any header of the C library: the library keeps its names. Otherwise this module would own what its
// headers include (`struct msghdr`, SOCK_STREAM), and Swift would hide that from whoever imports Glibc and not CLinux.
#pragma once

#ifdef __swift__
#pragma clang module import SwiftGlibc
#endif
