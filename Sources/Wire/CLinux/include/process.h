// What a process that runs for long needs of the system: privileges, signals, start-up as a daemon.
// Every function returns what the system call returns, or -errno.
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/// Whether the calling process has one thread only: 1 or 0. Works without /proc too (after chroot(2)).
int clinux_is_single_threaded(void);

/// Takes as many capabilities out of the calling thread's bounding set as it may (CAP_SETPCAP): 0, or -EPERM where it
/// may take none.
int clinux_drop_bounding_set(void);
/// Empties the calling thread's effective, permitted, inheritable and ambient capability sets (capabilities(7)).
int clinux_drop_capabilities(void);
/// How many of those four sets aren't empty.
int clinux_held_capabilities(void);
/// Whether the calling thread has a capability in effect (capget(2)): 1 or 0.
int clinux_has_capability(unsigned int number);
/// PR_SET_NO_NEW_PRIVS (prctl(2)), for good.
int clinux_no_new_privileges(void);
/// Whether it is set.
int clinux_has_no_new_privileges(void);
/// setresgid(2) and setresuid(2), all three ids the same.
int clinux_set_group(uint32_t group);
int clinux_set_user(uint32_t user);
/// Whether real, effective and saved ids are all these: 1 or 0.
int clinux_is_user(uint32_t user, uint32_t group);
/// setgroups(2).
int clinux_set_groups(const uint32_t *groups, size_t count);

/// Blocks signals in the calling thread, and in those that it starts later, and opens a descriptor to read them from
/// (signalfd(2), non-blocking, close-on-exec). SIGCHLD gets its default action back, without which there would be nothing
/// to wait for.
int clinux_signal_descriptor(const int *signals, size_t count);
/// Whether the process ignores a signal.
int clinux_ignores_signal(int signal);
/// The next signal's number, or 0 if there is none.
int clinux_read_signal(int descriptor);

/// Goes on in a child process in a session of its own (setsid(2)). The parent stays until the child says how its start
/// went, and exits: it never returns from this. Returns in the child with a descriptor for clinux_daemon_ready, or in the
/// parent with -errno if there is no child; -EBUSY if there is more than one thread.
int clinux_daemonize(void);
/// Ends the start-up: standard input, output and error become /dev/null, and the parent exits with status 0.
int clinux_daemon_ready(int descriptor);
