// Stream sockets that never wait. Every function returns what the system call returns, or -errno.
#pragma once

#include <stdint.h>
#include <sys/types.h>

/// A socket's address, as the kernel takes it.
struct clinux_address {
    uint8_t bytes[28];
    uint32_t length;
};

enum { CLINUX_MOST_ADDRESSES = 16 };

/// What getaddrinfo(3) says of a host's name.
struct clinux_answer {
    /// Its code, 0 for success; and errno, for EAI_SYSTEM.
    int32_t code, error;
    int32_t count;
    struct clinux_address addresses[CLINUX_MOST_ADDRESSES];
};

/// The address that a text is: 1, or 0 if it is a name. Asks nobody.
int clinux_numeric(const char *host, int port, struct clinux_address *address);
/// Looks a name up in a child process, which ends with the calling thread, or when it is killed: getaddrinfo(3) can't be
/// ended otherwise. With a port, for TCP connections from here; with 0, all addresses that the name has. The answer is to be
/// read at `reading` with clinux_look_up_answer, and the child to be waited for.
pid_t clinux_look_up(const char *host, int port, int *reading);
/// Whether there was an answer: 1 or 0.
int clinux_look_up_answer(int reading, struct clinux_answer *answer);
/// The C library's words for its code.
const char *clinux_look_up_words(const struct clinux_answer *answer);
/// Whether the name servers didn't answer, or said that they can't now (EAI_AGAIN): 1 or 0.
int clinux_is_unanswered(const struct clinux_answer *answer);
/// Begins to connect: -EINPROGRESS isn't returned, the socket is. It can be written to once it is connected, or has failed.
int clinux_connect_begin(const struct clinux_address *address);
