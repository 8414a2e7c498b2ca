// Stream sockets that never wait. Every function returns what the system call returns, or -errno.
#pragma once

#include <stdint.h>

/// A socket's address, as the kernel takes it.
struct clinux_address {
    uint8_t bytes[28];
    uint32_t length;
};

/// getaddrinfo(3) for TCP. Waits for name servers unless `numeric`, which takes addresses only.
/// Returns how many addresses there are, at most `most`; or -1 with getaddrinfo's words in `words`.
int clinux_resolve(const char *host, int port, int numeric, struct clinux_address *addresses, int most, const char **words);
/// Begins to connect: -EINPROGRESS isn't returned, the socket is. It can be written to once it is connected, or has failed.
int clinux_connect_begin(const struct clinux_address *address);
