internal import CLinux
public import Failure
internal import Glibc

/// An errno value with its kernel name and words.
public struct Errno: ClassifiedError, Hashable, Sendable, CustomStringConvertible {
    /// The positive number, as in errno(3).
    public let code: Int32

    public init(_ code: Int32) { self.code = code }

    /// The kernel's name, such as `ENODEV`.
    public var name: String {
        guard let name = unsafe clinux_errno_name(code) else { return "errno \(code)" }
        return unsafe String(cString: name)
    }

    /// The C library's words, such as `No such device`.
    public var words: String {
        guard let text = unsafe strerror(code) else { return "error \(code)" }
        return unsafe String(cString: text)
    }

    /// The C library's words and the kernel's name, or the whole sentence.
    public var description: String { "\(words) (\(name))" }

    /// What helps against it, as far as that can be told of a number alone.
    public var kind: FailureKind {
        switch code {
        case EAGAIN, EINTR, EBUSY, ENOBUFS, ENOMEM, EMFILE, ENFILE, ENOSPC, EDQUOT, ETIMEDOUT, ECONNREFUSED, ECONNRESET,
            ECONNABORTED, EPIPE, ENETDOWN, ENETUNREACH, EHOSTDOWN, EHOSTUNREACH, EIO:
            .transient
        case ENODEV, ENXIO, ENOENT, EEXIST, ESRCH, ESTALE: .stale
        default: .permanent
        }
    }

    /// `EPERM`
    public static let notPermitted = Errno(EPERM)
    /// `ENOENT`
    public static let noEntry = Errno(ENOENT)
    /// `EACCES`
    public static let access = Errno(EACCES)
    /// `EBUSY`
    public static let busy = Errno(EBUSY)
    /// `EEXIST`
    public static let exists = Errno(EEXIST)
    /// `ENODEV`
    public static let noDevice = Errno(ENODEV)
    /// `ENXIO`
    public static let noSuchInterface = Errno(ENXIO)
    /// `EINVAL`
    public static let invalid = Errno(EINVAL)
    /// `EOPNOTSUPP`
    public static let notSupported = Errno(EOPNOTSUPP)
    /// `ENOBUFS`
    public static let noBuffers = Errno(ENOBUFS)
    /// `EAGAIN`
    public static let tryAgain = Errno(EAGAIN)
    /// `ENOSPC`
    public static let noSpace = Errno(ENOSPC)
    /// `EROFS`
    public static let readOnly = Errno(EROFS)
    /// `EDQUOT`
    public static let quotaExceeded = Errno(EDQUOT)
    /// `EADDRINUSE`
    public static let addressInUse = Errno(EADDRINUSE)
    /// `ECONNREFUSED`
    public static let connectionRefused = Errno(ECONNREFUSED)
    /// `ETIMEDOUT`
    public static let timedOut = Errno(ETIMEDOUT)
    /// `EISDIR`
    public static let isDirectory = Errno(EISDIR)
    /// `EPIPE`
    public static let brokenPipe = Errno(EPIPE)
    /// `EMSGSIZE`
    public static let tooLong = Errno(EMSGSIZE)
    /// `EINTR`
    public static let interrupted = Errno(EINTR)
    /// `EDEADLK`
    public static let deadlock = Errno(EDEADLK)
    /// `ENETDOWN`
    public static let networkDown = Errno(ENETDOWN)
}

/// A system call that failed: what was tried, on what, and what the kernel said.
public struct SystemError: ClassifiedError, Hashable, Sendable, CustomStringConvertible {
    /// What helps against it.
    public var kind: FailureKind { errno.kind }
    /// What the kernel said.
    public let errno: Errno
    /// What was tried, as a verb phrase: "open", "create the directory".
    public let operation: String
    /// On what: a path, an interface.
    public let object: String

    public init(_ errno: Errno, _ operation: String, _ object: String) {
        self.errno = errno
        self.operation = operation
        self.object = object
    }

    /// The C library's words and the kernel's name, or the whole sentence.
    public var description: String { "can't \(operation) \(object): \(errno)" }
}

/// Turns a C shim's `-errno` into an error.
/// - Parameter value: what the shim returned; at least 0 is no error, and is returned.
@discardableResult
public func check(_ value: Int32, _ operation: String, _ object: @autoclosure () -> String) throws(SystemError) -> Int32
{
    guard value >= 0 else { throw SystemError(Errno(-value), operation, object()) }
    return value
}

/// Turns a C library's `-1 and errno` into an error.
/// - Parameter object: asked for once errno is read, since to find out may change that.
func checkErrno(
    _ value: Int32, _ operation: String, _ object: @autoclosure () -> String
) throws(SystemError) -> Int32 {
    guard value >= 0 else { throw SystemError(Errno(Glibc.errno), operation, object()) }
    return value
}
