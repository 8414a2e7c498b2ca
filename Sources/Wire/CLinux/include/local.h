// Sockets of this machine, and news of its files. Every function returns what the system call returns, or -errno.
#pragma once

#include <stddef.h>

/// Listens on a UNIX socket at a path, which must be free; for its owner and group alone. Accepting doesn't wait.
int clinux_local_listen(const char *path);
/// The next connection, whose sends and receives never wait; -EAGAIN if there is none.
int clinux_local_accept(int descriptor);
/// Connects to a UNIX socket; sends and receives wait so long at most.
int clinux_local_connect(const char *path, int patience_milliseconds);
/// Connects to a UNIX socket without waiting, and never waits afterwards; -EAGAIN if its queue is full (connect(2)).
int clinux_local_connect_now(const char *path);
/// An event counter (eventfd(2)), which never waits.
int clinux_bell(void);
/// The thread's number (gettid(2)).
int clinux_thread_id(void);
/// Whether this process has a thread of that number: 1 or 0.
int clinux_thread_is_there(int id);
/// A descriptor for news of directories (inotify(7)).
int clinux_watch_new(void);
/// Has it become readable when something in a directory is made, changed, renamed or removed; of a parent, only its names count.
/// Once more for the same directory is fine.
int clinux_watch_add(int descriptor, const char *path, int is_parent);
/// Reads away what has happened.
int clinux_watch_drain(int descriptor);
