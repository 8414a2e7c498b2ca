package import LinuxSystem
package import Netlink

/// A request as the kernel gets it.
package struct AskedRequest: Hashable, Sendable, CustomStringConvertible {
    package let type: UInt16
    /// `NLM_F_*` of linux/netlink.h.
    package let flags: UInt16
    package let sequence: UInt32
    package let payload: ArraySlice<UInt8>

    init(_ message: NetlinkMessage) {
        type = message.type
        flags = message.flags
        sequence = message.sequence
        payload = message.payload
    }

    /// `NLM_F_DUMP`. Of a change the same bits mean other things, and it comes with `NLM_F_CREATE`.
    package var isDump: Bool { flags & 0x300 == 0x300 && flags & 0x400 == 0 }
    /// `NLM_F_ACK`
    package var isToBeAcknowledged: Bool { flags & 0x4 != 0 }

    /// The bytes from an offset of the payload on, as an integer in host byte order; 0 beyond the end.
    package func integer<Value: FixedWidthInteger>(at offset: Int, _: Value.Type = Value.self) -> Value {
        var reader = PayloadReader(payload.dropFirst(offset))
        return (try? reader.read(Value.self)) ?? 0
    }

    /// Type, flags and payload in hex.
    package var description: String {
        func hex(_ bytes: some Sequence<UInt8>) -> String {
            bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined(separator: " ")
        }
        return "type \(type), flags 0x\(String(flags, radix: 16)): \(hex(payload))"
    }
}

/// A message that the kernel answers with.
package struct KernelMessage: Hashable, Sendable {
    package var type: UInt16
    package var payload: [UInt8]

    package init(_ type: UInt16, _ payload: PayloadWriter) {
        self.type = type
        self.payload = payload.bytes
    }

    /// As it is in a datagram, padded to four bytes.
    package func bytes(flags: UInt16 = 0, sequence: UInt32 = 0) -> [UInt8] {
        var writer = PayloadWriter()
        writer.append(UInt32(NetlinkMessage.headerSize + payload.count))
        writer.append(type)
        writer.append(flags)
        writer.append(sequence)
        // Somebody's port id.
        writer.append(UInt32(4711))
        writer.append(payload)
        while writer.bytes.count % 4 != 0 { writer.append(UInt8(0)) }
        return writer.bytes
    }
}

/// What comes of a request.
package indirect enum KernelAnswer: Sendable {
    /// Done; told only to who asks for that.
    case acknowledgement
    /// Answers, each in its datagram, and the acknowledgement if it is asked for.
    case reply([KernelMessage])
    /// Answers of a dump, by datagram. One that was interrupted (`NLM_F_DUMP_INTR`) says so at its end.
    case dump([[KernelMessage]], isInterrupted: Bool = false)
    /// A failure, with the kernel's words and the place in the request, header included, where it stumbled.
    case error(Errno, String? = nil, offset: UInt32? = nil)
    /// Nothing ever.
    case silence
    /// Answers got lost (`ENOBUFS`).
    case lost
    /// Bytes, whatever they are.
    case bytes([UInt8])
    /// An answer whose last datagram ends this many bytes too early.
    case cut(KernelAnswer, by: Int)
    /// An answer to a request of long ago comes first.
    case belated(KernelAnswer, then: KernelAnswer)
}

/// A kernel that answers from a script, at message level, and remembers what it was asked.
///
/// Used by one thread at a time.
package final class ScriptedKernel: NetlinkTransport {
    private struct Waiting {
        /// nil if it got lost.
        var datagram: [UInt8]?
        var isOfDump: Bool
    }

    private struct Interception {
        var times: Int
        let isMeant: (AskedRequest) -> Bool
        let answer: (AskedRequest, (AskedRequest) -> KernelAnswer) -> KernelAnswer
    }

    /// The requests of each datagram.
    package private(set) var datagrams: [[AskedRequest]] = []
    /// How often it was begun anew.
    package private(set) var reopenings = 0
    private let script: (AskedRequest) -> KernelAnswer
    private var interceptions: [Interception] = []
    private var waiting: [Waiting] = []

    package init(_ script: @escaping (AskedRequest) -> KernelAnswer) { self.script = script }

    /// Every request.
    package var asked: [AskedRequest] { datagrams.flatMap { $0 } }

    /// Forgets what it was asked.
    package func forget() { datagrams = [] }

    /// Has something else come of requests.
    /// - Parameters:
    ///   - times: of how many; then it is as before.
    ///   - answer: gets the request, and what would come of it otherwise.
    package func intercept(
        times: Int = 1, where isMeant: @escaping (AskedRequest) -> Bool,
        _ answer: @escaping (AskedRequest, (AskedRequest) -> KernelAnswer) -> KernelAnswer
    ) {
        interceptions.append(Interception(times: times, isMeant: isMeant, answer: answer))
    }

    /// From now on everything is as the script has it.
    package func stopIntercepting() { interceptions = [] }

    // MARK: The transport

    package func send(_ datagram: [UInt8]) throws(Errno) {
        let requests: [AskedRequest]
        do { requests = try NetlinkMessage.parse(datagram[...]).map(AskedRequest.init) } catch { throw .invalid }
        datagrams.append(requests)
        for request in requests {
            // `__netlink_dump_start` of net/netlink/af_netlink.c: one at a time.
            let isBusy = request.isDump && waiting.contains(where: \.isOfDump)
            let answer = isBusy ? .error(.busy) : answer(request)
            waiting += Self.datagrams(answer, request).map { Waiting(datagram: $0, isOfDump: request.isDump) }
        }
    }

    /// Nobody waits 30 seconds for what doesn't come.
    package func receive() throws(Errno) -> [UInt8] {
        guard !waiting.isEmpty else { throw .tryAgain }
        guard let datagram = waiting.removeFirst().datagram else { throw .noBuffers }
        return datagram
    }

    package func reopen() throws(Errno) {
        reopenings += 1
        waiting = []
    }

    private func answer(_ request: AskedRequest) -> KernelAnswer {
        guard let place = interceptions.firstIndex(where: { $0.times > 0 && $0.isMeant(request) }) else {
            return script(request)
        }
        interceptions[place].times -= 1
        return interceptions[place].answer(request, script)
    }

    // MARK: Answers as datagrams

    private static let multi: UInt16 = 0x2
    private static let dumpInterrupted: UInt16 = 0x10

    /// nil for one that got lost.
    private static func datagrams(_ answer: KernelAnswer, _ request: AskedRequest) -> [[UInt8]?] {
        let sequence = request.sequence
        switch answer {
        case .acknowledgement: return request.isToBeAcknowledged ? [acknowledgement(request)] : []
        case .reply(let messages):
            return messages.map { $0.bytes(sequence: sequence) } + datagrams(.acknowledgement, request)
        case .dump(let parts, let isInterrupted):
            var all = parts.map { $0.flatMap { $0.bytes(flags: multi, sequence: sequence) } }
            var code = PayloadWriter()
            code.append(Int32(0))
            let done = KernelMessage(NetlinkConstant.done, code)
                .bytes(flags: multi | (isInterrupted ? dumpInterrupted : 0), sequence: sequence)
            if all.isEmpty { all = [done] } else { all[all.count - 1] += done }
            return all
        case .error(let errno, let words, let offset):
            return [acknowledgement(request, -errno.code, words, offset)]
        case .silence: return []
        case .lost: return [nil]
        case .bytes(let bytes): return [bytes]
        case .cut(let answer, let count):
            var all = datagrams(answer, request)
            if let last = all.popLast() { all.append(last.map { $0.dropLast(count) }) }
            return all
        case .belated(let first, let second):
            return datagrams(first, request).map { $0.map(makeOld) } + datagrams(second, request)
        }
    }

    /// With the sequence number of another request, in a datagram of one message.
    private static func makeOld(_ datagram: [UInt8]) -> [UInt8] {
        var datagram = datagram
        datagram.replaceSubrange(8..<12, with: [0xee, 0xee, 0xee, 0xee])
        return datagram
    }

    /// `NLMSG_ERROR` with NETLINK_CAP_ACK on: a code, the request's header, and `NLMSGERR_ATTR_*`.
    private static func acknowledgement(
        _ request: AskedRequest, _ code: Int32 = 0, _ words: String? = nil, _ offset: UInt32? = nil
    ) -> [UInt8] {
        var writer = PayloadWriter()
        writer.append(code)
        writer.append(UInt32(NetlinkMessage.headerSize + request.payload.count))
        writer.append(request.type)
        writer.append(request.flags)
        writer.append(request.sequence)
        writer.append(UInt32(0))
        if let words { writer.attribute(1, string: words) }
        if let offset { writer.attribute(2, offset) }
        // NLM_F_CAPPED, NLM_F_ACK_TLVS
        return KernelMessage(NetlinkConstant.error, writer)
            .bytes(flags: 0x100 | (words == nil && offset == nil ? 0 : 0x200), sequence: request.sequence)
    }
}
