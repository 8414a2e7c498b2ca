/// One netlink message as it was received (linux/netlink.h `struct nlmsghdr`).
public struct NetlinkMessage: Hashable, Sendable {
    /// Bytes of the header.
    public static let headerSize = 16

    /// Message type.
    public let type: UInt16
    /// Flags of the header.
    public let flags: UInt16
    /// The sequence number of the request that it answers.
    public let sequence: UInt32
    /// The receiver's port id; 0 in notifications from the kernel.
    public let portID: UInt32
    /// What follows the header.
    public let payload: ArraySlice<UInt8>

    /// Takes apart a datagram.
    /// - Throws: ``MalformedBytes`` at a header whose length is under 16 or over what there is.
    public static func parse(_ datagram: ArraySlice<UInt8>) throws(MalformedBytes) -> [NetlinkMessage] {
        var messages: [NetlinkMessage] = []
        var rest = datagram
        while !rest.isEmpty {
            var reader = PayloadReader(rest)
            let length = Int(try reader.read(UInt32.self))
            let type = try reader.read(UInt16.self)
            let flags = try reader.read(UInt16.self)
            let sequence = try reader.read(UInt32.self)
            let portID = try reader.read(UInt32.self)
            guard length >= headerSize, length <= rest.count else {
                throw MalformedBytes("a message says it has \(length) bytes; \(rest.count) are there")
            }
            messages.append(
                NetlinkMessage(
                    type: type, flags: flags, sequence: sequence, portID: portID,
                    payload: rest[rest.startIndex + headerSize..<rest.startIndex + length]))
            rest = rest.dropFirst((length + 3) & ~3)
        }
        return messages
    }
}

/// Message types and flags of the protocol itself (linux/netlink.h).
public enum NetlinkConstant {
    /// `NLMSG_NOOP`
    public static let noop: UInt16 = 1
    /// `NLMSG_ERROR`, with code 0 an acknowledgement.
    public static let error: UInt16 = 2
    /// `NLMSG_DONE`, the end of a dump.
    public static let done: UInt16 = 3
    /// `NLMSG_OVERRUN`
    public static let overrun: UInt16 = 4

    static let request: UInt16 = 0x1
    static let multi: UInt16 = 0x2
    static let acknowledge: UInt16 = 0x4
    static let dumpInterrupted: UInt16 = 0x10
    static let dump: UInt16 = 0x300
    static let capped: UInt16 = 0x100
    static let hasTLVs: UInt16 = 0x200
}

/// A request before it has a sequence number.
public struct NetlinkRequest: Hashable, Sendable {
    /// What kind of request it is, beyond its type (linux/netlink.h `NLM_F_*`).
    public struct Flags: OptionSet, Hashable, Sendable {
        /// The bits, as in linux/netlink.h.
        public let rawValue: UInt16

        public init(rawValue: UInt16) { self.rawValue = rawValue }

        /// Replace what is there.
        public static let replace = Flags(rawValue: 0x100)
        /// Fail if it is there.
        public static let exclusive = Flags(rawValue: 0x200)
        /// Create it if it isn't there.
        public static let create = Flags(rawValue: 0x400)
        /// Answer with what has come of it.
        public static let echo = Flags(rawValue: 0x8)
    }

    /// Message type.
    public let type: UInt16
    /// Flags of the header.
    public let flags: Flags
    /// Whether it asks for many answers.
    public let isDump: Bool
    /// What follows the header.
    public let payload: [UInt8]
    /// What it tries, as a verb phrase, for error messages.
    public let operation: String
    /// On what.
    public let object: String
    /// Whether part of it is longer than its length field can say; then it isn't sent.
    public let isTooLong: Bool
    /// Whether it goes into the same datagram as the one after it: no kill comes between the two then.
    public var staysWithNext = false

    /// A change, or a question with one answer.
    public init(type: UInt16, flags: Flags = [], payload: PayloadWriter, operation: String, object: String) {
        self.type = type
        self.flags = flags
        isDump = false
        isTooLong = payload.isTooLong
        self.payload = payload.bytes
        self.operation = operation
        self.object = object
    }

    /// A question with many answers.
    public init(dump type: UInt16, payload: PayloadWriter, operation: String, object: String = "") {
        self.type = type
        flags = []
        isDump = true
        isTooLong = payload.isTooLong
        self.payload = payload.bytes
        self.operation = operation
        self.object = object
    }

    /// The message as it goes to the kernel.
    /// - Parameter acknowledged: whether to ask for an answer even when all is well; dumps have their own end.
    public func bytes(sequence: UInt32, acknowledged: Bool = true) -> [UInt8] {
        var writer = PayloadWriter(reserving: NetlinkMessage.headerSize + payload.count)
        writer.append(UInt32(NetlinkMessage.headerSize + payload.count))
        writer.append(type)
        let manner = isDump ? NetlinkConstant.dump : flags.rawValue | (acknowledged ? NetlinkConstant.acknowledge : 0)
        writer.append(NetlinkConstant.request | manner)
        writer.append(sequence)
        writer.append(UInt32(0))
        writer.append(payload)
        return writer.bytes
    }
}
