public import LinuxSystem

extension EventLoop {
    /// Acts on each signal of these kinds (signalfd(2)), until the watch is cancelled or goes. They stay blocked.
    ///
    /// To be called before there is another thread (``SignalDescriptor``).
    public func watch(
        signals: Set<Signal>, _ act: @escaping (Signal) -> Void
    ) throws(SystemError) -> SignalWatch {
        try SignalWatch(self, signals, act)
    }

    /// Acts on news of directories (inotify(7)), until the watch is cancelled or goes: something in them was made, changed,
    /// renamed or removed. Much news at once is one action.
    public func watch(directories: [String], _ act: @escaping () -> Void) throws(SystemError) -> Watch {
        let news = try DirectoryWatch(directories)
        return try watch(news.number) { _ in
            news.drain()
            act()
        }
    }
}

/// Signals that a loop watches: as long as this value lives, or until it is cancelled.
public final class SignalWatch {
    private let signals: SignalDescriptor
    private var watch: Watch?

    init(_ loop: EventLoop, _ wanted: Set<Signal>, _ act: @escaping (Signal) -> Void) throws(SystemError) {
        signals = try SignalDescriptor(wanted)
        watch = try loop.watch(signals.number) { [weak self] _ in self?.read(act) }
    }

    deinit { cancel() }

    /// Ends it. Signals that have come and that nobody acted on wait for who reads them.
    public func cancel() { watch = nil }

    private func read(_ act: (Signal) -> Void) {
        // An error would come again without end (signalfd(2) has none).
        do throws(SystemError) {
            while watch != nil, let signal = try signals.next() { act(signal) }
        } catch {
            cancel()
        }
    }
}
