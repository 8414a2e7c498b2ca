import Failure
import OVSDB
import Testing

@Suite struct FailureKindTests {
    @Test(
        "What helps against a server's failures",
        arguments: [
            (.connection(errno: nil), .transient), (.timeout, .transient), (.operation(index: 0, "timed out"), .stale),
            (.commit("referential integrity violation"), .stale), (.commit("I/O error"), .transient),
            (.operation(index: 1, "resources exhausted"), .transient),
            (.operation(index: 1, "constraint violation"), .permanent), (.server("unknown database"), .permanent),
            (.tls, .permanent), (.protocolViolation, .permanent), (.noDatabase, .permanent),
            (.noColumn(table: "Mirror", column: "filter"), .permanent), (.cancelled, .permanent),
        ] as [(OVSDBError.Code, FailureKind)])
    func codes(_ code: OVSDBError.Code, _ kind: FailureKind) {
        #expect(OVSDBError(code, operation: "change", object: "it").kind == kind)
    }
}
