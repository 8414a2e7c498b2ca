#define _GNU_SOURCE
#include "process.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static int result(int value) { return value < 0 ? -errno : value; }

int clinux_is_single_threaded(void) {
    DIR *tasks = opendir("/proc/self/task");
    if (tasks != NULL) {
        int count = 0;
        for (struct dirent *entry; (entry = readdir(tasks)) != NULL;) count += entry->d_name[0] != '.';
        closedir(tasks);
        return count == 1;
    }
    // unshare(2): does nothing for a process of one thread, and is refused to any other.
    return unshare(CLONE_THREAD) == 0;
}

int clinux_drop_bounding_set(void) {
    for (int capability = 0; capability <= 63; capability++) {
        // EINVAL: the kernel has no such capability, nor any after it.
        if (prctl(PR_CAPBSET_READ, capability, 0, 0, 0) < 0) return 0;
        if (prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) < 0) return -errno;
    }
    return 0;
}

static int get_capabilities(struct __user_cap_data_struct data[2]) {
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    return result((int)syscall(SYS_capget, &header, data));
}

int clinux_drop_capabilities(void) {
    // Kernels before 4.3 have no ambient set.
    if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0 && errno != EINVAL) return -errno;
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[2] = {{0}};
    return result((int)syscall(SYS_capset, &header, data));
}

int clinux_held_capabilities(void) {
    struct __user_cap_data_struct data[2];
    int code = get_capabilities(data);
    if (code < 0) return code;
    int held = ((data[0].effective | data[1].effective) != 0) + ((data[0].permitted | data[1].permitted) != 0) +
               ((data[0].inheritable | data[1].inheritable) != 0);
    int ambient = 0;
    for (int capability = 0; capability <= 63; capability++)
        ambient |= prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, capability, 0, 0) == 1;
    return held + ambient;
}

int clinux_has_capability(unsigned int number) {
    struct __user_cap_data_struct data[2];
    if (number >= 64 || get_capabilities(data) < 0) return 0;
    return data[number / 32].effective >> number % 32 & 1;
}

int clinux_no_new_privileges(void) { return result(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)); }

int clinux_has_no_new_privileges(void) { return result(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0)); }

int clinux_set_group(uint32_t group) { return result(setresgid(group, group, group)); }

int clinux_set_user(uint32_t user) { return result(setresuid(user, user, user)); }

int clinux_is_user(uint32_t user, uint32_t group) {
    uid_t users[3];
    gid_t groups[3];
    if (getresuid(&users[0], &users[1], &users[2]) < 0 || getresgid(&groups[0], &groups[1], &groups[2]) < 0)
        return -errno;
    for (int i = 0; i < 3; i++)
        if (users[i] != user || groups[i] != group) return 0;
    return 1;
}

int clinux_set_groups(const uint32_t *groups, size_t count) {
    _Static_assert(sizeof(gid_t) == sizeof(uint32_t), "gid_t");
    return result(setgroups(count, groups));
}

int clinux_signal_descriptor(const int *signals, size_t count) {
    sigset_t set;
    sigemptyset(&set);
    for (size_t i = 0; i < count; i++)
        if (sigaddset(&set, signals[i]) < 0) return -errno;
    int descriptor = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    if (descriptor < 0) return -errno;
    if (sigismember(&set, SIGCHLD)) signal(SIGCHLD, SIG_DFL);
    int code = pthread_sigmask(SIG_BLOCK, &set, NULL);
    if (code == 0) return descriptor;
    close(descriptor);
    return -code;
}

int clinux_ignores_signal(int number) {
    struct sigaction action;
    if (sigaction(number, NULL, &action) < 0) return -errno;
    return !(action.sa_flags & SA_SIGINFO) && action.sa_handler == SIG_IGN;
}

int clinux_read_signal(int descriptor) {
    struct signalfd_siginfo information;
    ssize_t size;
    do size = read(descriptor, &information, sizeof information);
    while (size < 0 && errno == EINTR);
    if (size < 0) return errno == EAGAIN ? 0 : -errno;
    return size == sizeof information ? (int)information.ssi_signo : 0;
}

// The parent of a daemon: exits as the start-up went, without what the child will do at its end (atexit(3)).
static void wait_for_start(int descriptor, pid_t child) {
    char byte;
    ssize_t size;
    do size = recv(descriptor, &byte, 1, 0);
    while (size < 0 && errno == EINTR);
    if (size == 1) _exit(0);
    // It ended before it was ready: its status is ours.
    int status;
    pid_t ended;
    do ended = waitpid(child, &status, 0);
    while (ended < 0 && errno == EINTR);
    if (ended < 0) _exit(EXIT_FAILURE);
    int code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    // A start that ends with success before it is ready has done all there was to do.
    _exit(code);
}

// What standard input, output and error become: opened before there is another root directory.
static int nowhere = -1;

int clinux_daemonize(void) {
    if (!clinux_is_single_threaded()) return -EBUSY;
    // Sockets rather than a pipe: a child whose parent has been killed is not to get SIGPIPE.
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0) return -errno;
    // Otherwise both would write what waits in stdio's buffers.
    fflush(NULL);
    pid_t child = fork();
    if (child < 0) {
        int code = errno;
        close(ends[0]);
        close(ends[1]);
        return -code;
    }
    if (child > 0) {
        close(ends[1]);
        wait_for_start(ends[0], child);
    }
    close(ends[0]);
    nowhere = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (nowhere < 0) {
        int code = errno;
        close(ends[1]);
        return -code;
    }
    setsid();  // can't fail: a new process leads no group
    return ends[1];
}

int clinux_daemon_ready(int descriptor) {
    fflush(NULL);
    for (int standard = 0; standard <= 2; standard++)
        if (nowhere != standard && dup2(nowhere, standard) < 0) return -errno;
    if (nowhere > 2) close(nowhere);
    char byte = 0;
    send(descriptor, &byte, 1, MSG_NOSIGNAL);
    return 0;
}
