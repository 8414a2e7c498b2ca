internal import CLinux
internal import Glibc

/// A signal that a program of this kind acts on (signal(7)).
public enum Signal: Int32, Hashable, Sendable, CaseIterable {
    /// SIGHUP: the terminal has gone, or a daemon is to begin anew.
    case hangUp = 1
    /// SIGINT: control-C.
    case interrupt = 2
    /// SIGQUIT: control-\.
    case quit = 3
    /// SIGUSR1
    case user1 = 10
    /// SIGUSR2
    case user2 = 12
    /// SIGTERM
    case terminate = 15
    /// SIGCHLD: a child process has ended, or several have.
    case childEnded = 17

    /// The name without SIG, such as `TERM`.
    public var name: String {
        switch self {
        case .hangUp: "HUP"
        case .interrupt: "INT"
        case .quit: "QUIT"
        case .user1: "USR1"
        case .user2: "USR2"
        case .terminate: "TERM"
        case .childEnded: "CHLD"
        }
    }

    /// Whether this process has been started with the signal ignored, as nohup(1) does with ``hangUp``.
    public var isIgnored: Bool { clinux_ignores_signal(rawValue) == 1 }
}

extension ThisProcess {
    /// Keeps a signal until a ``SignalDescriptor`` reads it, on this thread and those that it starts.
    public static func hold(_ held: Signal) {
        var signals = sigset_t()
        unsafe sigemptyset(&signals)
        unsafe sigaddset(&signals, held.rawValue)
        unsafe pthread_sigmask(SIG_BLOCK, &signals, nil)
    }

    /// A reader that has gone is an error of the write from now on, and doesn't end the process (SIGPIPE, signal(7)).
    /// Programs started by this one get the usual behaviour.
    public static func outliveReaders() { _ = signal(SIGPIPE, SIG_IGN) }
}

/// Signals as something to read (signalfd(2)), for a loop that waits for other things, too.
///
/// To be made before any other thread is: a thread that was there before doesn't block them, and is killed by one in the
/// place of all. Programs started by ``ChildProcess`` don't inherit the blocking. Signals of one kind that come before the
/// first is read are one: after ``Signal/childEnded`` ask all children.
public struct SignalDescriptor: ~Copyable, Sendable {
    private let descriptor: Descriptor

    /// Blocks the signals for good.
    public init(_ signals: Set<Signal>) throws(SystemError) {
        let numbers = signals.map(\.rawValue)
        let code = unsafe numbers.withUnsafeBufferPointer {
            unsafe clinux_signal_descriptor($0.baseAddress, $0.count)
        }
        descriptor = Descriptor(owning: try check(code, "block", "signals"))
    }

    /// The descriptor's number, to wait for.
    public var number: Int32 { descriptor.number }

    /// The next signal that has come; nil if there is none.
    public func next() throws(SystemError) -> Signal? {
        while true {
            let number = try check(clinux_read_signal(descriptor.number), "read", "signals")
            if number == 0 { return nil }
            if let signal = Signal(rawValue: number) { return signal }
        }
    }
}
