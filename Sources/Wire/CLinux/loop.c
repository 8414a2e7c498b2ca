#define _GNU_SOURCE
#include "loop.h"

#include <errno.h>
#include <limits.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int clinux_epoll(void) {
    int descriptor = epoll_create1(EPOLL_CLOEXEC);
    return descriptor < 0 ? -errno : descriptor;
}

static int control(int epoll, int operation, int descriptor, uint32_t interest, uint64_t key) {
    struct epoll_event event = {.data.u64 = key};
    if (interest & CLINUX_READING) event.events |= EPOLLIN;
    if (interest & CLINUX_WRITING) event.events |= EPOLLOUT;
    return epoll_ctl(epoll, operation, descriptor, &event) < 0 ? -errno : 0;
}

int clinux_epoll_add(int epoll, int descriptor, uint32_t interest, uint64_t key) {
    return control(epoll, EPOLL_CTL_ADD, descriptor, interest, key);
}

int clinux_epoll_change(int epoll, int descriptor, uint32_t interest, uint64_t key) {
    return control(epoll, EPOLL_CTL_MOD, descriptor, interest, key);
}

int clinux_epoll_remove(int epoll, int descriptor) { return control(epoll, EPOLL_CTL_DEL, descriptor, 0, 0); }

static int wait_for(int epoll, struct epoll_event *events, int most, int64_t nanoseconds) {
#ifdef SYS_epoll_pwait2
    struct timespec limit = {.tv_sec = nanoseconds / 1000000000, .tv_nsec = nanoseconds % 1000000000};
    int count = (int)syscall(SYS_epoll_pwait2, epoll, events, most, nanoseconds < 0 ? NULL : &limit, NULL, 0);
    // Sandboxes that are older than the call (libseccomp, systemd before 248) answer EPERM, which it never does itself.
    if (count >= 0 || (errno != ENOSYS && errno != EPERM)) return count;
#endif
    int64_t milliseconds = nanoseconds < 0 ? -1 : nanoseconds / 1000000 + (nanoseconds % 1000000 != 0);
    return epoll_wait(epoll, events, most, milliseconds > INT_MAX ? INT_MAX : (int)milliseconds);
}

int clinux_epoll_wait(int epoll, uint64_t *keys, uint32_t *readiness, int most, int64_t nanoseconds) {
    struct epoll_event events[64];
    int count = wait_for(epoll, events, most < 64 ? most : 64, nanoseconds);
    if (count < 0) return -errno;
    for (int place = 0; place < count; place++) {
        uint32_t seen = events[place].events;
        keys[place] = events[place].data.u64;
        readiness[place] = 0;
        if (seen & (EPOLLIN | EPOLLHUP | EPOLLERR)) readiness[place] |= CLINUX_READING;
        if (seen & (EPOLLOUT | EPOLLHUP | EPOLLERR)) readiness[place] |= CLINUX_WRITING;
        if (seen & EPOLLERR) readiness[place] |= CLINUX_FAILING;
    }
    return count;
}
