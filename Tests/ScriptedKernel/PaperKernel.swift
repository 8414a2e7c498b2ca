import LinuxSystem
package import Netlink

/// A kernel with interfaces, queueing disciplines and filters on paper: it does what is asked of it over netlink, and gives
/// back what it has as Linux does. It knows what this program asks for, and complains of everything else.
///
/// Used by one thread at a time.
package final class PaperKernel {
    package var links: [Int32: PaperLink] = [:]
    var traffic = PaperTraffic()
    /// How many messages of a dump go into a datagram.
    package var messagesInDatagram = 3
    /// The number of the generic netlink family "ethtool"; nil on a kernel before 5.6.
    package var ethtoolFamily: UInt16? = 21
    /// Classifiers that the kernel lacks.
    package var missingClassifiers: Set<String> = []
    private let complain: (String) -> Void

    /// What answers for `NETLINK_ROUTE`.
    package private(set) lazy var route = ScriptedKernel { [unowned self] request in answer(request) }
    /// What answers for `NETLINK_GENERIC`.
    package private(set) lazy var generic = ScriptedKernel { [unowned self] request in answerGeneric(request) }

    /// - Parameter complain: takes requests that it doesn't know, in hex.
    package init(_ links: [PaperLink], complain: @escaping (String) -> Void) {
        for link in links { self.links[link.index] = link }
        self.complain = complain
    }

    // MARK: What happens to it

    /// An interface goes, with all that hangs on it; copies to it go nowhere from now on.
    package func remove(_ index: Int32) {
        links[index] = nil
        for key in links.keys where links[key]?.master == index {
            links[key]?.master = nil
            links[key]?.bridgePort = [:]
        }
        traffic.remove(interface: index)
    }

    /// Frames pass a mirred action.
    package func count(packets: UInt32, bytes: UInt64, atAction index: UInt32) {
        traffic.actions[index]?.packets += packets
        traffic.actions[index]?.bytes += bytes
    }

    /// Numbers of the actions that there are.
    package var actions: [UInt32] { traffic.actions.keys.sorted() }

    /// Does what a request asks for, as if somebody else had asked.
    package func perform(_ request: NetlinkRequest) throws {
        try NetlinkSocket(ScriptedKernel(answer)).perform(request)
    }

    /// All that it has, byte for byte, in the order in which it would list it.
    package var everything: [[UInt8]] {
        let links = links.values.sorted { $0.index < $1.index }
        return links.map { $0.message(withStatistics: false).payload } + links.map { $0.features(family: 0).payload }
            + traffic.everything(links.map(\.index)).map(\.payload)
    }

    /// What comes of a request to `NETLINK_ROUTE`, for a transport of one's own.
    package func usual(_ request: AskedRequest) -> KernelAnswer { answer(request) }

    // MARK: NETLINK_ROUTE

    private func answer(_ request: AskedRequest) -> KernelAnswer {
        switch request.type {
        // RTM_GETLINK, RTM_SETLINK
        case 18 where request.isDump && request.integer(at: 0, UInt8.self) == 0: return dumpLinks(request)
        case 18 where !request.isDump: return getLink(request)
        case 19: return setBridgePort(request)
        // RTM_*QDISC, RTM_*TFILTER, RTM_*ACTION, RTM_*CHAIN
        case 36...38, 44...46, 48...50, 100...102: break
        default: return unknown(request)
        }
        let index: Int32 = request.integer(at: 4)
        let isAboutOne = !(48...50).contains(request.type) && !request.isDump
        guard !isAboutOne || links[index] != nil else { return .error(.noDevice, "Cannot find device") }
        return traffic.answer(request, PaperMachine(links: links, missingClassifiers: missingClassifiers, dump: dump))
            ?? unknown(request)
    }

    private func dump(_ messages: [KernelMessage]) -> KernelAnswer {
        .dump(
            stride(from: 0, to: messages.count, by: messagesInDatagram).map {
                Array(messages[$0..<min($0 + messagesInDatagram, messages.count)])
            })
    }

    private func unknown(_ request: AskedRequest) -> KernelAnswer {
        complain("the kernel on paper doesn't know this request: \(request)")
        return .error(.notSupported)
    }

    private static let linkHeader = 16

    private func dumpLinks(_ request: AskedRequest) -> KernelAnswer {
        // RTEXT_FILTER_SKIP_STATS
        let attributes = Attributes(request.payload.dropFirst(Self.linkHeader))
        let withStatistics = (attributes[29]?.integer(UInt32.self) ?? 0) & 8 == 0
        let master = attributes[10]?.integer(Int32.self)
        let shown = links.values.sorted { $0.index < $1.index }.filter { master == nil || $0.master == master }
        return dump(shown.map { $0.message(withStatistics: withStatistics) })
    }

    private func getLink(_ request: AskedRequest) -> KernelAnswer {
        let index: Int32 = request.integer(at: 4)
        let attributes = Attributes(request.payload.dropFirst(Self.linkHeader))
        let name = (attributes[3] ?? attributes[53])?.string
        let found = links.values.first { link in
            index != 0 ? link.index == index : link.name == name || link.altnames.contains(name ?? "")
        }
        return found.map { .reply([$0.message()]) } ?? .error(.noDevice)
    }

    /// Of a bridge's member: PF_BRIDGE, IFLA_PROTINFO.
    private func setBridgePort(_ request: AskedRequest) -> KernelAnswer {
        let index: Int32 = request.integer(at: 4)
        guard request.integer(at: 0, UInt8.self) == 7 else { return unknown(request) }
        guard let link = links[index] else { return .error(.noDevice) }
        guard link.master != nil, let settings = Attributes(request.payload.dropFirst(Self.linkHeader))[12] else {
            return .error(.invalid)
        }
        for setting in settings.attributes {
            // IFLA_BRPORT_FLUSH is no setting.
            if let value = setting.integer(UInt8.self) { links[index]?.bridgePort[setting.type] = value }
        }
        return .acknowledgement
    }

    // MARK: NETLINK_GENERIC

    private func answerGeneric(_ request: AskedRequest) -> KernelAnswer {
        let command: UInt8 = request.integer(at: 0)
        let attributes = Attributes(request.payload.dropFirst(4))
        // GENL_ID_CTRL, CTRL_CMD_GETFAMILY
        if request.type == 16, command == 3, attributes[2]?.string == "ethtool" {
            guard let ethtoolFamily else { return .error(.noEntry) }
            var writer = PayloadWriter()
            writer.append([1, 2, 0, 0] as [UInt8])
            writer.attribute(2, string: "ethtool")
            writer.attribute(1, ethtoolFamily)
            return .reply([KernelMessage(16, writer)])
        }
        guard request.type == ethtoolFamily, let index: Int32 = attributes[1]?.attributes[1]?.integer() else {
            return unknown(request)
        }
        guard let link = links[index] else { return .error(.noDevice, "no device matches") }
        switch command {
        case 11: return .reply([link.features(family: request.type)])
        case 12:
            links[index]?.setFeatures(attributes[3]?.attributes ?? Attributes([]))
            return .acknowledgement
        default: return unknown(request)
        }
    }
}

/// What traffic control looks at of its machine.
struct PaperMachine {
    let links: [Int32: PaperLink]
    let missingClassifiers: Set<String>
    let dump: ([KernelMessage]) -> KernelAnswer
}
