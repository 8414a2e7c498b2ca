public import Failure
public import LinuxSystem

/// A netlink request that failed: what was tried, on what, and what the kernel said.
public struct NetlinkError: ClassifiedError, Hashable, Sendable, CustomStringConvertible {
    /// What kind of failure it is.
    public enum Code: Hashable, Sendable {
        /// The kernel's answer, or a system call's.
        case errno(Errno)
        /// An answer that breaks the protocol: truncated, overlong, of a length that can't be.
        case malformed
        /// A dump that kept changing under the reader (`NLM_F_DUMP_INTR`) however often it was repeated.
        case interrupted
        /// No answer within the socket's time limit.
        case timeout
        /// Answers were lost (`ENOBUFS`): the state is unknown until it is read again.
        case overflow
    }

    /// What kind of failure it is.
    public let code: Code
    /// What was tried, as a verb phrase: "add the filter".
    public let operation: String
    /// On what: "vnet0 ingress".
    public let object: String
    /// The kernel's own words (`NLMSGERR_ATTR_MSG`).
    public let kernelMessage: String?
    /// Where in the request's bytes, header included, the kernel stumbled (`NLMSGERR_ATTR_OFFS`).
    public let offset: Int?
    /// The attribute type that the kernel missed (`NLMSGERR_ATTR_MISS_TYPE`).
    public let missingAttribute: UInt32?

    public init(
        _ code: Code, operation: String, object: String, kernelMessage: String? = nil, offset: Int? = nil,
        missingAttribute: UInt32? = nil
    ) {
        self.code = code
        self.operation = operation
        self.object = object
        self.kernelMessage = kernelMessage
        self.offset = offset
        self.missingAttribute = missingAttribute
    }

    /// What helps against it.
    public var kind: FailureKind {
        switch code {
        case .errno(let errno): errno.kind
        case .interrupted, .timeout, .overflow: .transient
        case .malformed: .permanent
        }
    }

    /// The kernel's errno, if that is what it is.
    public var errno: Errno? { if case .errno(let errno) = code { errno } else { nil } }

    /// What was tried on what, and what the kernel said.
    public var description: String {
        let reason =
            switch code {
            case .errno(let errno): kernelMessage.map { "\($0) (\(errno.name))" } ?? errno.description
            case .malformed: "the kernel's answer can't be read: \(kernelMessage ?? "its lengths don't fit")"
            case .interrupted: "the answer kept changing while it was read"
            case .timeout: "the kernel didn't answer in time"
            case .overflow: "answers were lost because they came faster than they were read (ENOBUFS)"
            }
        let missing = missingAttribute.map { ", missing attribute \($0)" } ?? ""
        return "can't \(operation)\(object.isEmpty ? "" : " on \(object)"): \(reason)\(missing)"
    }
}

/// Bytes that can't be what they should be.
public struct MalformedBytes: Error, Hashable, Sendable, CustomStringConvertible {
    /// What was tried on what, and what the kernel said.
    public let description: String

    public init(_ description: String) { self.description = description }
}
