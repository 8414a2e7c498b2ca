internal import CLinux

/// Going on in the background.
///
///     let start = try DaemonStart()   // only the child returns from this
///     …                               // open sockets and files; errors still go to the terminal
///     try start.ready()               // the command at the terminal ends, with status 0
///
/// Whoever ends before ``ready()`` ends the command at the terminal with the same status: what it says is true.
/// The working directory stays as it is.
public struct DaemonStart: ~Copyable {
    private let parent: Descriptor

    /// Goes on in a child process with a session of its own (fork(2), setsid(2)). To be called before there are other
    /// threads, and before descriptors and locks are taken that are to be the child's alone.
    public init() throws(SystemError) {
        parent = Descriptor(owning: try check(clinux_daemonize(), "start", "a daemon"))
    }

    /// Ends the start-up: standard input, output and error become `/dev/null`. Before a chroot(2), which has none.
    public consuming func ready() throws(SystemError) {
        _ = try check(clinux_daemon_ready(parent.number), "leave", "the terminal")
    }
}
