import EthtoolNetlink
import Netlink
import RandomNumbers
import Testing

@testable import RouteNetlink

/// Bytes that no kernel sends: every decoder comes to an end with a value or an error.
@Suite struct HostileMessageTests {
    private static let payloads: [[UInt8]] =
        [
            CapturedLinks.loopback, CapturedLinks.bridge, CapturedLinks.vethWithPeerHere,
            CapturedLinks.memberWithPeerElsewhere, CapturedLinks.vxlan, CapturedLinks.macvlan, CapturedTraffic.qdiscs,
            CapturedTraffic.ingressFilters, CapturedTraffic.egressFilters, CapturedTraffic.chains,
            CapturedTraffic.action, CapturedTraffic.route, CapturedFeatures.features,
        ]
        .flatMap { (try? messages($0)) ?? [] }.map { Array($0.payload) }

    private func decodeAll(_ payload: [UInt8]) {
        let message = message(16, payload: payload)
        if let link = try? Link(message) { _ = (link.kindData.map(\.string), link.hashValue) }
        _ = try? Qdisc(message)
        _ = try? Filter(message)
        _ = ChainRequest.number(message)
        _ = RouteRequest.outputInterface(message)
        _ = EthtoolRequest.familyNumber(message)
        _ = DeviceFeatures(message)
    }

    @Test(.timeLimit(.minutes(1))) func `messages cut anywhere`() {
        for payload in Self.payloads {
            for count in stride(from: 0, to: payload.count, by: payload.count > 600 ? 7 : 1) {
                decodeAll(Array(payload.prefix(count)))
            }
        }
        #expect(Self.payloads.count > 20)
    }

    @Test(.timeLimit(.minutes(1)), arguments: 0..<10) func `messages with random damage`(seed: UInt64) {
        var numbers = SeededNumbers(seed)
        for _ in 0..<300 {
            guard var payload = Self.payloads.randomElement(using: &numbers), !payload.isEmpty else { continue }
            for _ in 0..<Int.random(in: 1...8, using: &numbers) {
                let place = Int.random(in: 0..<payload.count, using: &numbers)
                let values: [UInt8] = [0, 1, 3, 4, 255, UInt8.random(in: 0...255, using: &numbers)]
                payload[place] = values.randomElement(using: &numbers) ?? 0
            }
            decodeAll(payload)
        }
    }

    @Test("A link of damaged settings keeps what can be read") func linkDamagedSettingsKeeps() throws {
        // A two-byte MTU, an empty name of a kind: neither makes the link vanish.
        var writer = PayloadWriter()
        for value in [0, 9, 1, 0] as [Int32] { writer.append(value) }
        writer.attribute(3, string: "eth0")
        writer.attribute(4, UInt16(1500))
        writer.nest(18) { $0.flag(1) }
        let link = try Link(message(16, payload: writer.bytes))
        #expect(link.name == "eth0")
        #expect(link.mtu == 0)
        #expect(link.kind == "")
    }

    @Test("Bytecode of a broken length, and parameters cut short, are nothing of ours")
    func bytecodeBrokenLengthParameters() throws {
        var writer = PayloadWriter()
        for value in [0, 4, 1, 0, 0x0300_0001] as [Int32] { writer.append(value) }
        writer.attribute(1, string: "bpf")
        writer.nest(2) { options in
            options.attribute(5, bytes: [6, 0, 0, 0])
            options.nest(1) { actions in
                actions.nest(1) { action in
                    action.attribute(1, string: "mirred")
                    action.nest(2) { $0.attribute(2, bytes: Array(repeating: 0, count: 27)) }
                }
            }
        }
        let filter = try Filter(message(44, payload: writer.bytes))
        #expect(filter.classifier == .other)
        #expect(filter.actions.map(\.mirred) == [nil])
    }
}
