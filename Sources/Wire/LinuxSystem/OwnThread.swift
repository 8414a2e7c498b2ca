internal import CLinux
internal import Glibc
internal import Synchronization

/// Work on a thread of its own, for the few things that need one:
///
/// - to enter a network namespace that there may be no way back from (setns(2)), which goes with the thread: ``run(_:)``,
///   ``NetworkNamespace/inside(_:)``;
/// - to write capture files, whatever the disk does, and to ask the kernel under its locks: both beside a tap that copies, from
///   when its privileges are gone, since these belong to threads (capabilities(7)), and so only a process of one
///   thread can give them up for good;
/// - to wait for a command that a log runs (waitpid(2)), from then on, too;
/// - to read and to keep a thousand definitions while the kernel is asked and takes in their filters (docs/performance.md), in
///   commands that end afterwards.
///
/// What only waits for something goes on an event loop, and a look-up of a host's name into a process (``HostLookup``).
public enum OwnThread {
    /// Runs `body` on a new thread, waits for it, and hands on its result or error.
    public static func run<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) throws -> Result {
        try start(body).wait()
    }

    /// Runs `body` on a new thread, while the caller goes on.
    public static func start<Result: Sendable>(
        _ body: @escaping @Sendable () throws -> Result
    ) throws -> Running<Result> {
        let job = Job(body)
        return Running(try unsafe make(nil, job), job)
    }

    /// Runs `body` on a new thread that nobody waits for.
    public static func detach(_ body: @escaping @Sendable () -> Void) throws(SystemError) {
        var attributes = pthread_attr_t()
        unsafe pthread_attr_init(&attributes)
        defer { unsafe _ = pthread_attr_destroy(&attributes) }
        unsafe pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
        _ = try unsafe make(&attributes, Job<Void>(body))
    }

    private static func make(
        _ attributes: UnsafePointer<pthread_attr_t>?, _ job: some AnyObject & Runnable
    ) throws(SystemError) -> pthread_t {
        var thread = pthread_t()
        let context = unsafe Unmanaged.passRetained(job as AnyObject).toOpaque()
        let code = unsafe pthread_create(
            &thread, attributes,
            { context in
                guard let context = unsafe context else { return nil }
                let object = unsafe Unmanaged<AnyObject>.fromOpaque(context).takeRetainedValue()
                (object as? any Runnable)?.run()
                return nil
            }, context)
        guard code == 0 else {
            unsafe Unmanaged<AnyObject>.fromOpaque(context).release()
            throw SystemError(Errno(code), "start", "a thread")
        }
        return thread
    }

    /// A thread that has been started. It is waited for at the latest when this goes.
    public final class Running<Result: Sendable> {
        private let thread: pthread_t
        private let job: Job<Result>
        private var isJoined = false

        fileprivate init(_ thread: pthread_t, _ job: Job<Result>) {
            self.thread = thread
            self.job = job
        }

        /// Waits for the end, and hands on the result or error; any number of times.
        public func wait() throws -> Result {
            join()
            guard let outcome = job.outcome else { throw SystemError(Errno(ECANCELED), "finish", "a thread") }
            return try outcome.get()
        }

        private func join() {
            guard !isJoined else { return }
            pthread_join(thread, nil)
            isJoined = true
            // That is told a moment before the kernel counts it no more.
            while clinux_thread_is_there(job.id) == 1 { sched_yield() }
        }

        deinit { join() }
    }

    fileprivate protocol Runnable: Sendable { func run() }

    fileprivate final class Job<Result: Sendable>: Runnable {
        private let body: @Sendable () throws -> Result
        private let box = Mutex<Swift.Result<Result, any Error>?>(nil)
        private let number = Atomic<Int32>(0)

        init(_ body: @escaping @Sendable () throws -> Result) { self.body = body }

        var outcome: Swift.Result<Result, any Error>? { box.withLock { $0 } }
        /// The thread's number, once it runs.
        var id: Int32 { number.load(ordering: .acquiring) }

        func run() {
            number.store(clinux_thread_id(), ordering: .releasing)
            let outcome = Swift.Result { try body() }
            box.withLock { $0 = outcome }
        }
    }
}
