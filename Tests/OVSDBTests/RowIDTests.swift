import LinuxSystem
import OVSDB
import OVSDBTransport
import Testing

struct RowIDTests {
    @Test func `equal bits are the same row`() { #expect(RowID(high: 1, low: 2) == RowIdentity(high: 1, low: 2)) }
}
