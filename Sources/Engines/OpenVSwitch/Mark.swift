import MirrorModel
import OVSDB

/// How this tool knows its own rows in the database: keys of `external_ids`, written in the transaction that makes the
/// row, so that no file can go stale.
enum Mark {
    /// The mirror's name.
    static let mirror = "portmirror"
    /// When the row was made, in seconds since 1970: how long Open vSwitch has had to run it.
    static let since = "portmirror-since"
    /// The VLAN that the row has put among its bridge's `flood_vlans`.
    static let flood = "portmirror-flood"
    /// What had been counted when the row got its output: ``Baseline``.
    static let baseline = "portmirror-baseline"
    /// The network namespace whose mirror it is; that of process 1 has none: ``NamespaceMark``.
    static let namespace = "portmirror-netns"
    /// OVN's mark on rows that it made.
    static let ovn = "ovn-owned"

    static let keys = [mirror, since, flood, baseline, namespace]
}

/// What the counters stood at when a row got its output: what was sent there before is none of the mirror's copies.
struct Baseline: Hashable {
    /// The row's own `tx_packets`.
    var selected: UInt64
    /// The interface's, as the switch sees it: sent to it.
    var sent: UInt64

    init(selected: UInt64, sent: UInt64) {
        self.selected = selected
        self.sent = sent
    }

    /// Reads what ``text`` has written.
    init?(_ text: String) {
        let numbers = text.split(separator: ",", omittingEmptySubsequences: false).map { UInt64($0) }
        guard numbers.count == 2, let selected = numbers[0], let sent = numbers[1] else { return nil }
        self.init(selected: selected, sent: sent)
    }

    var text: String { "\(selected),\(sent)" }
}
