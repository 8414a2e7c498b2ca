// Runs a command and prints what it cost, one line: wall time (µs), CPU time (µs), peak memory (KiB), exit status.
// The command's standard output is thrown away, its standard error is kept.
//
// A program of its own, because a shell can't see ru_maxrss, and because a small parent keeps the figure honest: a
// child's peak counts what its parent had in memory at the moment of exec (getrusage(2)).
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static long long microseconds(struct timeval time) { return time.tv_sec * 1000000LL + time.tv_usec; }

static long long now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000000LL + time.tv_nsec / 1000;
}

int main(int count, char **arguments) {
    if (count < 2) {
        fprintf(stderr, "usage: measure COMMAND [ARGUMENT...]\n");
        return 64;
    }
    int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
    if (nowhere < 0) {
        perror("measure: /dev/null");
        return 1;
    }
    long long begin = now();
    pid_t child = vfork();
    if (child == 0) {
        dup2(nowhere, STDOUT_FILENO);
        execvp(arguments[1], arguments + 1);
        _exit(127);
    }
    if (child < 0) {
        perror("measure: vfork");
        return 1;
    }
    int status;
    struct rusage usage;
    while (wait4(child, &status, 0, &usage) < 0) {
        if (errno != EINTR) {
            perror("measure: wait4");
            return 1;
        }
    }
    long long end = now();
    printf("%lld %lld %ld %d\n", end - begin, microseconds(usage.ru_utime) + microseconds(usage.ru_stime),
           usage.ru_maxrss, WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
    return 0;
}
