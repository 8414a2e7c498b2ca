internal import LinuxSystem

/// What the kernel answered to a request.
public struct NetlinkReply: Hashable, Sendable {
    /// The answers, without acknowledgements.
    public let messages: [NetlinkMessage]
    /// The kernel's words on a request that it carried out all the same (`NLMSGERR_ATTR_MSG` with code 0).
    public let warning: String?
}

/// Matches answers to requests, without a socket: feed it what was received until it is complete.
///
/// A request ends with its acknowledgement (`NLMSG_ERROR`), a dump with `NLMSG_DONE`. Messages of other sequence
/// numbers, left over from an exchange that was given up, are passed over.
public struct NetlinkExchange: Sendable {
    private var outcomes: [Result<NetlinkReply, NetlinkError>?]
    private var messages: [[NetlinkMessage]]
    private var interrupted: [Bool]
    private let requests: ArraySlice<NetlinkRequest>
    private let firstSequence: UInt32
    private let isTerse: Bool
    private var open: Int

    /// - Parameters:
    ///   - firstSequence: the first request's sequence number; the others follow.
    ///   - isTerse: for changes that have no answer but their failure: only the last one is acknowledged, and with it
    ///     all before it that have not failed. The kernel works a datagram off in order.
    public init(_ requests: ArraySlice<NetlinkRequest>, firstSequence: UInt32, isTerse: Bool = false) {
        self.isTerse = isTerse && requests.allSatisfy { !$0.isDump }
        self.requests = requests
        self.firstSequence = firstSequence
        outcomes = Array(repeating: nil, count: requests.count)
        messages = Array(repeating: [], count: requests.count)
        interrupted = Array(repeating: false, count: requests.count)
        open = requests.count
    }

    /// The requests as one datagram.
    public var datagram: [UInt8] {
        var bytes: [UInt8] = []
        for (offset, request) in requests.enumerated() {
            bytes += request.bytes(
                sequence: firstSequence &+ UInt32(offset), acknowledged: !isTerse || offset == requests.count - 1)
            while bytes.count % 4 != 0 { bytes.append(0) }
        }
        return bytes
    }

    /// Whether every request has its answer.
    public var isComplete: Bool { open == 0 }

    /// The outcome of each request, in their order; those without an answer yet are left out.
    public var results: [Result<NetlinkReply, NetlinkError>] { outcomes.compactMap { $0 } }

    /// Takes in one datagram from the kernel.
    /// - Throws: ``NetlinkError`` with code `malformed` if it can't be read.
    public mutating func receive(_ datagram: [UInt8]) throws(NetlinkError) {
        let parsed: [NetlinkMessage]
        do {
            parsed = try NetlinkMessage.parse(datagram[...])
        } catch {
            throw failure(0, .malformed, message: error.description)
        }
        for message in parsed { try take(message) }
    }

    private mutating func take(_ message: NetlinkMessage) throws(NetlinkError) {
        let index = Int(message.sequence &- firstSequence)
        guard index < outcomes.count, outcomes[index] == nil else { return }
        if message.flags & NetlinkConstant.dumpInterrupted != 0 { interrupted[index] = true }
        switch message.type {
        case NetlinkConstant.error:
            try finish(index, message, code: errorCode(index, message))
        case NetlinkConstant.done:
            // The code is missing in DONE messages of old kernels; it means no error then.
            let code = message.payload.count >= 4 ? try errorCode(index, message) : 0
            if interrupted[index] && code == 0 {
                settle(index, .failure(failure(index, .interrupted)))
            } else {
                try finish(index, message, code: code)
            }
        case NetlinkConstant.noop: break
        case NetlinkConstant.overrun: throw failure(index, .overflow)
        default: messages[index].append(message)
        }
    }

    private func errorCode(_ index: Int, _ message: NetlinkMessage) throws(NetlinkError) -> Int32 {
        var reader = PayloadReader(message.payload)
        do {
            return try reader.read(Int32.self)
        } catch {
            throw failure(index, .malformed, message: "an acknowledgement without its code")
        }
    }

    private mutating func finish(_ index: Int, _ message: NetlinkMessage, code: Int32) throws(NetlinkError) {
        let extended = ExtendedAcknowledgement(message)
        if code == 0 {
            settle(index, .success(NetlinkReply(messages: messages[index], warning: extended.message)))
        } else {
            // -Int32.min would trap; hostile bytes can say it.
            let errno = Errno(code == .min ? .max : abs(code))
            let request = requests[requests.startIndex + index]
            settle(
                index,
                .failure(
                    NetlinkError(
                        .errno(errno), operation: request.operation, object: request.object,
                        kernelMessage: extended.message, offset: extended.offset,
                        missingAttribute: extended.missingAttribute)))
        }
    }

    private mutating func settle(_ index: Int, _ outcome: Result<NetlinkReply, NetlinkError>) {
        outcomes[index] = outcome
        messages[index] = []
        open -= 1
        if isTerse, index == outcomes.count - 1 { settleRest() }
    }

    private mutating func settleRest() {
        for index in outcomes.indices where outcomes[index] == nil {
            outcomes[index] = .success(NetlinkReply(messages: messages[index], warning: nil))
            open -= 1
        }
    }

    private func failure(_ index: Int, _ code: NetlinkError.Code, message: String? = nil) -> NetlinkError {
        let request = requests.dropFirst(index).first
        return NetlinkError(
            code, operation: request?.operation ?? "talk to the kernel", object: request?.object ?? "",
            kernelMessage: message)
    }
}

/// What follows the error code in `NLMSG_ERROR` and `NLMSG_DONE` (linux/netlink.h `enum nlmsgerr_attrs`).
struct ExtendedAcknowledgement {
    private(set) var message: String?
    private(set) var offset: Int?
    private(set) var missingAttribute: UInt32?

    init(_ reply: NetlinkMessage) {
        guard reply.flags & NetlinkConstant.hasTLVs != 0 else { return }
        for attribute in Attributes(Self.attributeBytes(of: reply)) {
            switch attribute.type {
            case 1: message = attribute.string
            case 2: offset = attribute.integer(UInt32.self).map(Int.init)
            case 5: missingAttribute = attribute.integer()
            default: break
            }
        }
    }

    /// `NLMSG_DONE` has them right after the code; `NLMSG_ERROR` after the request, of which only the header is
    /// there when the kernel capped it (`NLM_F_CAPPED`).
    private static func attributeBytes(of reply: NetlinkMessage) -> ArraySlice<UInt8> {
        let afterCode = reply.payload.dropFirst(4)
        guard reply.type == NetlinkConstant.error else { return afterCode }
        guard reply.flags & NetlinkConstant.capped == 0, afterCode.count >= NetlinkMessage.headerSize else {
            return afterCode.dropFirst(NetlinkMessage.headerSize)
        }
        let length = Int(UInt32(hostBytes: afterCode.prefix(4)))
        return afterCode.dropFirst(max(NetlinkMessage.headerSize, (length + 3) & ~3))
    }
}
