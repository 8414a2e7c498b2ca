import Netlink

/// A message as the kernel sends it, padded to four bytes.
func message(_ type: UInt16, flags: UInt16 = 0, sequence: UInt32, payload: [UInt8] = [], length: UInt32? = nil)
    -> [UInt8]
{
    var writer = PayloadWriter()
    writer.append(length ?? UInt32(16 + payload.count))
    writer.append(type)
    writer.append(flags)
    writer.append(sequence)
    writer.append(UInt32(4711))
    writer.append(payload)
    while writer.bytes.count % 4 != 0 { writer.append(UInt8(0)) }
    return writer.bytes
}

/// `NLMSG_ERROR` with NETLINK_CAP_ACK on: a code, then the request's header.
func acknowledgement(_ sequence: UInt32, code: Int32 = 0) -> [UInt8] {
    var writer = PayloadWriter()
    writer.append(code)
    writer.append(message(16, flags: 5, sequence: sequence))
    return message(2, flags: 0x100, sequence: sequence, payload: writer.bytes)
}

/// `NLMSG_DONE`, which ends a dump.
func done(_ sequence: UInt32, code: Int32 = 0, flags: UInt16 = 2) -> [UInt8] {
    var writer = PayloadWriter()
    writer.append(code)
    return message(3, flags: flags, sequence: sequence, payload: writer.bytes)
}

/// A link's answer, as far as the exchange cares.
func link(_ sequence: UInt32, _ mark: UInt8, flags: UInt16 = 0) -> [UInt8] {
    message(16, flags: flags, sequence: sequence, payload: [mark, 0, 0, 0])
}

let change = NetlinkRequest(type: 16, payload: [], operation: "set the interface up", object: "vnet0")
let question = NetlinkRequest(type: 18, payload: [], operation: "look up the interface", object: "vnet1")
let dump = NetlinkRequest(dump: 18, payload: [], operation: "list the interfaces")

/// What an exchange makes of some datagrams.
struct Outcome: Equatable {
    var results: [Result<NetlinkReply, NetlinkError>] = []
    var isComplete = false
    var failure: NetlinkError?
}

func exchange(_ requests: [NetlinkRequest], firstSequence: UInt32 = 1, _ datagrams: [[UInt8]]) -> Outcome {
    var exchange = NetlinkExchange(requests[...], firstSequence: firstSequence)
    var outcome = Outcome()
    do {
        for datagram in datagrams { try exchange.receive(datagram) }
    } catch {
        outcome.failure = error
    }
    outcome.results = exchange.results
    outcome.isComplete = exchange.isComplete
    return outcome
}

extension Result where Success == NetlinkReply, Failure == NetlinkError {
    var reply: NetlinkReply? { try? get() }

    var error: NetlinkError? {
        if case .failure(let error) = self { error } else { nil }
    }

    /// The first byte of each answer.
    var marks: [UInt8]? { reply.map { $0.messages.map { $0.payload.first ?? 0 } } }
}
