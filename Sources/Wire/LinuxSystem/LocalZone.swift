internal import CLinux
internal import Glibc

/// The machine's time zone (tzset(3)).
public enum LocalZone {
    /// Seconds that clocks here are ahead of UTC at a time, and what the zone is called then; UTC if that can't be told.
    /// - Parameter seconds: since 1970.
    public static func at(_ seconds: Int64) -> (offset: Int, name: String) {
        var offset: Int32 = 0
        var name = [CChar](repeating: 0, count: 16)
        guard unsafe clinux_zone(seconds, &offset, &name) == 0 else { return (0, "UTC") }
        let bytes = name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
        return (Int(offset), String(decoding: bytes, as: UTF8.self))
    }
}

extension ThisProcess {
    /// Lets no signal be handled on the calling thread, nor on those that it starts.
    public static func blockSignalsOnThisThread() {
        var all = sigset_t()
        unsafe sigfillset(&all)
        unsafe pthread_sigmask(SIG_SETMASK, &all, nil)
    }

    /// Nanoseconds since 1970.
    public static func wallNanoseconds() -> Int64 {
        var value = timespec()
        unsafe clock_gettime(CLOCK_REALTIME, &value)
        return value.nanoseconds
    }
}

/// A person's command line with one more word, run by the shell in the background.
public enum ShellCommand {
    /// Starts `/bin/sh -c command sh argument`, in which `"$@"` is the argument, in a process group of its own.
    /// - Parameter onEnd: called on another thread with the exit status, or 128 + the signal that ended it.
    public static func start(
        _ command: String, argument: String, onEnd: @escaping @Sendable (Int32) -> Void
    ) throws(SystemError) {
        let id = try check(unsafe clinux_spawn_shell(command, argument), "start", "/bin/sh")
        let wait: @Sendable () -> Void = {
            var status: Int32 = 0
            while unsafe waitpid(id, &status, 0) < 0 { if Glibc.errno != EINTR { return onEnd(-1) } }
            onEnd(status & 0x7f == 0 ? status >> 8 & 0xff : 128 + status & 0x7f)
        }
        do { try OwnThread.detach(wait) } catch { throw SystemError(Errno(EAGAIN), "start", "a thread") }
    }
}
