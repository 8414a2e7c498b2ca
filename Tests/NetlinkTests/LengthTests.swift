import LinuxSystem
import Netlink
import Testing

@Suite struct LengthTests {
    @Test(
        "What a length of 16 bits can't say isn't cut: the request isn't sent",
        arguments: [65531, 65532, 65536, 200_000])
    func tooLong(size: Int) throws {
        let fits = size <= 65531
        var plain = PayloadWriter()
        plain.attribute(1, bytes: [UInt8](repeating: 7, count: size))
        #expect(plain.isTooLong == !fits)
        var text = PayloadWriter()
        text.attribute(1, string: String(repeating: "x", count: size - 1))
        #expect(text.isTooLong == !fits)
        var nested = PayloadWriter()
        nested.nest(1) { inner in
            for _ in 0..<size / 1000 { inner.attribute(2, bytes: [UInt8](repeating: 7, count: 1000)) }
        }
        #expect(nested.isTooLong == (size / 1000 * 1004 + 4 > 65535))
        var deep = PayloadWriter()
        deep.nest(1) { $0.nest(2) { $0.attribute(3, bytes: [UInt8](repeating: 7, count: size)) } }
        #expect(deep.isTooLong)
        let request = NetlinkRequest(type: 16, payload: plain, operation: "add the filter", object: "vnet0")
        #expect(request.isTooLong == !fits)
        guard !fits, let socket = try? NetlinkSocket(.route, in: .current()) else { return }
        #expect {
            try socket.perform(request)
        } throws: { error in
            "\(error)".contains("can't add the filter on vnet0") && "\(error)".contains("65535")
        }
        // The socket is as good as new.
        #expect(throws: Never.self) { try socket.dump(NetlinkRequest(dump: 18, payload: linkHeader, operation: "")) }
    }

    /// `struct ifinfomsg` of linux/rtnetlink.h, empty.
    private var linkHeader: PayloadWriter {
        var writer = PayloadWriter()
        writer.append([UInt8](repeating: 0, count: 16))
        return writer
    }
}
