public import LinuxSystem

/// Asks one of the kernel's netlink families, in one network namespace.
///
/// Requests are matched by sequence number and answers taken from the kernel alone (port id 0). For notifications there is
/// ``NetlinkSubscription``: mixed with answers they get lost.
public final class NetlinkSocket {
    /// Netlink families (linux/netlink.h).
    public enum Family: Int32, Sendable {
        case route = 0
        /// `NETLINK_SOCK_DIAG`
        case socketDiagnosis = 4
        case generic = 16
    }

    private let transport: any NetlinkTransport
    /// Whether an exchange was left in the middle: answers to it are still to come, and the kernel refuses a further
    /// dump (`EBUSY`) while one is open.
    private var isAmidExchange = false
    private var nextSequence: UInt32 = 1
    /// Bounds of one datagram of requests: the answers to it have to fit the receive buffer.
    private let batchBytes = 96 * 1024
    private let batchMessages = 256

    /// - Throws: ``NetlinkError`` if the kernel gives no socket of the family.
    public init(_ family: Family, in namespace: NetworkNamespace) throws(NetlinkError) {
        do throws(Errno) {
            transport = try KernelTransport(family, in: namespace)
        } catch {
            throw NetlinkError(.errno(error), operation: "open a netlink socket", object: "")
        }
    }

    /// One whose datagrams go another way than by a socket.
    public init(_ transport: any NetlinkTransport) { self.transport = transport }

    /// Sends requests, many in one datagram, and collects their outcomes.
    ///
    /// The kernel carries out every request of a datagram, whatever becomes of the ones before it.
    /// - Parameters:
    ///   - stopping: whether to send no further datagram once a request has failed.
    ///   - terse: for changes that answer nothing: the kernel is asked to speak up only for failures.
    /// - Returns: an outcome for each request sent, in their order; fewer than requests only if `stopping`.
    /// - Throws: ``NetlinkError`` if the exchange itself broke down.
    public func perform(_ requests: [NetlinkRequest], stopping: Bool = false, terse: Bool = false)
        throws(NetlinkError) -> [Result<NetlinkReply, NetlinkError>]
    {
        var results: [Result<NetlinkReply, NetlinkError>] = []
        var rest = requests[...]
        while !rest.isEmpty {
            let batch = rest.prefix(batchSize(of: rest))
            rest = rest.dropFirst(batch.count)
            let outcomes = try exchange(batch, terse: terse)
            results += outcomes
            if stopping, outcomes.contains(where: { if case .failure = $0 { true } else { false } }) { break }
        }
        return results
    }

    /// Sends one request that isn't a dump.
    @discardableResult
    public func perform(_ request: NetlinkRequest) throws(NetlinkError) -> NetlinkReply {
        guard let outcome = try exchange([request]).first else {
            throw NetlinkError(.malformed, operation: request.operation, object: request.object)
        }
        return try outcome.get()
    }

    /// Sends a dump and collects its messages; one that was interrupted by a change is repeated, 10 times at most.
    public func dump(_ request: NetlinkRequest) throws(NetlinkError) -> [NetlinkMessage] {
        var last = NetlinkError(.interrupted, operation: request.operation, object: request.object)
        for _ in 0..<10 {
            guard let outcome = try exchange([request]).first else { break }
            switch outcome {
            case .success(let reply): return reply.messages
            case .failure(let error) where error.code == .interrupted: last = error
            case .failure(let error): throw error
            }
        }
        throw last
    }

    /// How many requests, one at least, fit into a datagram. A dump goes alone: a socket has one at a time.
    private func batchSize(of requests: ArraySlice<NetlinkRequest>) -> Int {
        var bytes = 0
        var count = 0
        for request in requests {
            bytes += NetlinkMessage.headerSize + request.payload.count + 3
            let fits = bytes <= batchBytes && count < batchMessages && !request.isDump
            if count > 0 && !fits { break }
            count += 1
            if request.isDump { break }
        }
        // Two that belong together aren't parted.
        while count > 1, count < requests.count, requests[requests.startIndex + count - 1].staysWithNext { count -= 1 }
        return count
    }

    private func exchange(_ requests: ArraySlice<NetlinkRequest>, terse: Bool = false)
        throws(NetlinkError) -> [Result<NetlinkReply, NetlinkError>]
    {
        guard let first = requests.first else { return [] }
        if let long = requests.first(where: \.isTooLong) {
            throw NetlinkError(
                .errno(.tooLong), operation: long.operation, object: long.object,
                kernelMessage: "part of the request is longer than the 65535 bytes that netlink can say")
        }
        var exchange = NetlinkExchange(requests, firstSequence: nextSequence, isTerse: terse)
        nextSequence &+= UInt32(requests.count)
        do throws(Errno) {
            if isAmidExchange { try transport.reopen() }
            isAmidExchange = false
            try transport.send(exchange.datagram)
        } catch {
            throw failure(error, first)
        }
        isAmidExchange = true
        while !exchange.isComplete { try exchange.receive(try receive(first)) }
        isAmidExchange = false
        return exchange.results
    }

    private func receive(_ request: NetlinkRequest) throws(NetlinkError) -> [UInt8] {
        do throws(Errno) { return try transport.receive() } catch { throw failure(error, request) }
    }

    private func failure(_ errno: Errno, _ request: NetlinkRequest) -> NetlinkError {
        let code: NetlinkError.Code =
            switch errno {
            case .tryAgain: .timeout
            case .noBuffers: .overflow
            default: .errno(errno)
            }
        return NetlinkError(code, operation: request.operation, object: request.object)
    }
}
