import Failure
import LinuxSystem
import Netlink
import Testing

@Suite struct FailureKindTests {
    @Test(
        "What helps against the kernel's failures",
        arguments: [
            (.errno(.noDevice), .stale), (.errno(.noBuffers), .transient), (.errno(.notPermitted), .permanent),
            (.interrupted, .transient), (.timeout, .transient), (.overflow, .transient), (.malformed, .permanent),
        ] as [(NetlinkError.Code, FailureKind)])
    func codes(_ code: NetlinkError.Code, _ kind: FailureKind) {
        #expect(NetlinkError(code, operation: "add", object: "it").kind == kind)
    }
}
