internal import Glibc
internal import Synchronization

/// Work on a thread of its own, which takes the thread's namespaces with it when it ends.
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
        var thread = pthread_t()
        let context = unsafe Unmanaged.passRetained(job as AnyObject).toOpaque()
        let code = unsafe pthread_create(
            &thread, nil,
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
        return Running(thread, job)
    }

    /// Runs `body` on a new thread that nobody waits for.
    public static func detach(_ body: @escaping @Sendable () -> Void) throws(SystemError) {
        var attributes = pthread_attr_t()
        unsafe pthread_attr_init(&attributes)
        defer { unsafe _ = pthread_attr_destroy(&attributes) }
        unsafe pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
        var thread = pthread_t()
        let context = unsafe Unmanaged.passRetained(Job<Void>(body) as AnyObject).toOpaque()
        let code = unsafe pthread_create(
            &thread, &attributes,
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
            if !isJoined { pthread_join(thread, nil) }
            isJoined = true
        }

        deinit { join() }
    }

    fileprivate protocol Runnable: Sendable { func run() }

    fileprivate final class Job<Result: Sendable>: Runnable {
        private let body: @Sendable () throws -> Result
        private let box = Mutex<Swift.Result<Result, any Error>?>(nil)

        init(_ body: @escaping @Sendable () throws -> Result) { self.body = body }

        var outcome: Swift.Result<Result, any Error>? { box.withLock { $0 } }

        func run() {
            let outcome = Swift.Result { try body() }
            box.withLock { $0 = outcome }
        }
    }
}
