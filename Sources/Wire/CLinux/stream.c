#define _GNU_SOURCE
#include "stream.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

// Returns getaddrinfo's code; what is left of the answer is left as it was.
static int ask(const char *host, int port, int flags, struct clinux_answer *answer) {
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_protocol = IPPROTO_TCP};
    hints.ai_flags = AI_NUMERICSERV | flags;
    char service[12];
    snprintf(service, sizeof service, "%d", port);
    struct addrinfo *list = NULL;
    answer->code = getaddrinfo(host, port > 0 ? service : NULL, &hints, &list);
    answer->error = errno;
    if (answer->code != 0) return answer->code;
    for (struct addrinfo *item = list; item != NULL && answer->count < CLINUX_MOST_ADDRESSES; item = item->ai_next) {
        struct clinux_address *address = &answer->addresses[answer->count];
        if (item->ai_addrlen > sizeof address->bytes) continue;
        memcpy(address->bytes, item->ai_addr, item->ai_addrlen);
        address->length = item->ai_addrlen;
        answer->count++;
    }
    freeaddrinfo(list);
    return 0;
}

int clinux_numeric(const char *host, int port, struct clinux_address *address) {
    struct clinux_answer answer = {0};
    if (ask(host, port, AI_NUMERICHOST, &answer) != 0 || answer.count == 0) return 0;
    *address = answer.addresses[0];
    return 1;
}

// An answer is written at once or not at all.
_Static_assert(sizeof(struct clinux_answer) <= PIPE_BUF, "an answer fits a pipe");

pid_t clinux_look_up(const char *host, int port, int *reading) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) < 0) return -errno;
    pid_t parent = getpid(), child = fork();
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
        if (getppid() != parent) _exit(1);
        // Locks and connections are the parent's alone. Before Linux 5.9 they are held a little longer.
        if (ends[1] != 3) dup2(ends[1], 3);
#ifdef SYS_close_range
        syscall(SYS_close_range, 4u, ~0u, 0u);
#endif
        struct clinux_answer answer = {0};
        ask(host, port, port > 0 ? AI_ADDRCONFIG : 0, &answer);
        _exit(write(3, &answer, sizeof answer) == (ssize_t)sizeof answer ? 0 : 1);
    }
    int code = errno;
    close(ends[1]);
    if (child < 0) {
        close(ends[0]);
        return -code;
    }
    *reading = ends[0];
    return child;
}

int clinux_look_up_answer(int reading, struct clinux_answer *answer) {
    ssize_t size;
    do size = read(reading, answer, sizeof *answer);
    while (size < 0 && errno == EINTR);
    return size == (ssize_t)sizeof *answer ? 1 : 0;
}

const char *clinux_look_up_words(const struct clinux_answer *answer) {
    return answer->code == EAI_SYSTEM ? strerror(answer->error) : gai_strerror(answer->code);
}

int clinux_is_unanswered(const struct clinux_answer *answer) { return answer->code == EAI_AGAIN; }

int clinux_connect_begin(const struct clinux_address *address) {
    struct sockaddr_storage storage = {0};
    memcpy(&storage, address->bytes, address->length);
    int descriptor = socket(storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (descriptor < 0) return -errno;
    // Requests are small, and each is waited for.
    int yes = 1;
    setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    if (connect(descriptor, (struct sockaddr *)&storage, address->length) == 0 || errno == EINPROGRESS) return descriptor;
    int code = errno;
    close(descriptor);
    return -code;
}
