#define _GNU_SOURCE
#include "local.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

static int address_of(const char *path, struct sockaddr_un *address) {
    memset(address, 0, sizeof *address);
    address->sun_family = AF_UNIX;
    if (strlen(path) >= sizeof address->sun_path) return -ENAMETOOLONG;
    strcpy(address->sun_path, path);
    return 0;
}

static int failed(int descriptor) {
    int code = errno;
    close(descriptor);
    return -code;
}

static void be_patient(int descriptor, int milliseconds) {
    struct timeval time = {.tv_sec = milliseconds / 1000, .tv_usec = milliseconds % 1000 * 1000};
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof time);
    setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &time, sizeof time);
}

int clinux_local_listen(const char *path) {
    struct sockaddr_un address;
    int code = address_of(path, &address);
    if (code < 0) return code;
    int descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (descriptor < 0) return -errno;
    // The file gets the socket's mode, less the umask (unix_bind_bsd of net/unix/af_unix.c): there is no moment in which
    // everybody may connect. The umask itself is every thread's.
    if (fchmod(descriptor, 0600) < 0 || bind(descriptor, (struct sockaddr *)&address, sizeof address) < 0)
        return failed(descriptor);
    if (chmod(path, 0660) < 0 || listen(descriptor, 8) < 0) {
        int code = errno;
        unlink(path);
        close(descriptor);
        return -code;
    }
    return descriptor;
}

int clinux_local_accept(int descriptor) {
    int connection = accept4(descriptor, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    return connection < 0 ? -errno : connection;
}

int clinux_local_connect(const char *path, int patience_milliseconds) {
    struct sockaddr_un address;
    int code = address_of(path, &address);
    if (code < 0) return code;
    int descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (descriptor < 0) return -errno;
    be_patient(descriptor, patience_milliseconds);
    if (connect(descriptor, (struct sockaddr *)&address, sizeof address) < 0) return failed(descriptor);
    return descriptor;
}

int clinux_local_connect_now(const char *path) {
    struct sockaddr_un address;
    int code = address_of(path, &address);
    if (code < 0) return code;
    int descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (descriptor < 0) return -errno;
    do code = connect(descriptor, (struct sockaddr *)&address, sizeof address);
    while (code < 0 && errno == EINTR);
    return code < 0 ? failed(descriptor) : descriptor;
}

int clinux_bell(void) {
    int descriptor = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return descriptor < 0 ? -errno : descriptor;
}

int clinux_thread_id(void) { return (int)syscall(SYS_gettid); }

int clinux_thread_is_there(int id) { return syscall(SYS_tgkill, getpid(), id, 0) == 0; }

int clinux_watch_new(void) {
    int descriptor = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    return descriptor < 0 ? -errno : descriptor;
}

int clinux_watch_add(int descriptor, const char *path, int is_parent) {
    uint32_t names = IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR;
    uint32_t contents = IN_CLOSE_WRITE | IN_ATTRIB;
    return inotify_add_watch(descriptor, path, is_parent ? names : names | contents) < 0 ? -errno : 0;
}

int clinux_watch_drain(int descriptor) {
    char events[4096];
    ssize_t size;
    do size = read(descriptor, events, sizeof events);
    while (size > 0 || (size < 0 && errno == EINTR));
    return size < 0 && errno != EAGAIN ? -errno : 0;
}
