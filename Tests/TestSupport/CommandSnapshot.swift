import Foundation

/// What `tc`, `ip`, `bridge` and `ethtool` say of every port of the lab's switch.
public struct CommandSnapshot: Sendable {
    /// By port and program.
    public let sections: [String: String]

    init(of lab: CommandLab) throws {
        let script = """
            for port in $(ip -o link show | awk -F': ' '{ print $2 }' | sed 's/@.*//' | sort); do
              echo "## $port link"; ip -j -d link show dev "$port"; echo
              echo "## $port bridge"; bridge -j -d link show dev "$port"; echo
              echo "## $port offloads"; ethtool -k "$port" 2>&1
              echo "## $port tc"
              tc -force -j -b - 2>/dev/null <<END || true
            qdisc show dev $port
            class show dev $port
            filter show dev $port
            filter show dev $port ingress
            filter show dev $port egress
            chain show dev $port ingress
            chain show dev $port egress
            END
            done
            """
        var sections: [String: String] = [:]
        var title = ""
        for line in try lab.run(["sh", "-c", script]).output.split(separator: "\n", omittingEmptySubsequences: true) {
            if line.hasPrefix("## ") {
                title = String(line.dropFirst(3))
                sections[title] = ""
            } else {
                sections[title, default: ""] += Self.normalised(String(line)) + "\n"
            }
        }
        guard !sections.isEmpty else { throw LabError("the snapshot is empty") }
        self.sections = sections
    }

    /// Without what moves by itself: timers.
    private static func normalised(_ line: String) -> String {
        let timers = "hello|tcn|topology_change|gc|message_age|forward_delay|hold"
        return line.replacingOccurrences(
            of: "\"(\(timers))_timer\":[0-9.]+,?", with: "", options: .regularExpression)
    }

    /// The same, without the numbers that a port or action gets anew when it is made anew.
    public var withoutIndexes: CommandSnapshot {
        CommandSnapshot(
            sections: sections.mapValues { text in
                // A tap device that Open vSwitch takes over after it was killed is UP, a new one UNKNOWN.
                text.replacingOccurrences(
                    of: "\"(ifindex|link_index|index)\":[0-9]+,?|\"operstate\":\"(UP|UNKNOWN)\",?", with: "",
                    options: .regularExpression)
            })
    }

    /// The same, without cookies of a zero: the kernel takes none off an action again.
    public var withoutZeroCookies: CommandSnapshot {
        CommandSnapshot(
            sections: sections.mapValues { text in
                text.replacingOccurrences(
                    of: ",?\"cookie\":\"00\"|,?\"used_hw_stats\":\\[\"disabled\"\\]", with: "",
                    options: .regularExpression)
            })
    }

    /// The same, without the filters, chains and clsact qdiscs that bear this tool's marks.
    public var withoutOurs: CommandSnapshot {
        CommandSnapshot(
            sections: sections.mapValues { text in
                guard text.contains("\"") else { return text }
                return text.split(separator: "\n").map { Self.foreign(String($0)) }.joined(separator: "\n")
            })
    }

    private init(sections: [String: String]) { self.sections = sections }

    /// One JSON array, without this tool's elements.
    private static func foreign(_ line: String) -> String {
        guard let items = try? JSONSerialization.jsonObject(with: Data(line.utf8)) as? [[String: Any]] else {
            return line
        }
        let ours = items.filter(isOurs)
        let places = ours.compactMap { $0["pref"] as? Int }
        let kept = items.filter { item in
            if isOurs(item) { return false }
            // A classifier's own lines (hash tables) bear no mark but the preference.
            if let pref = item["pref"] as? Int, places.contains(pref) { return false }
            return true
        }
        guard let data = try? JSONSerialization.data(withJSONObject: kept, options: [.sortedKeys]) else { return line }
        return String(decoding: data, as: UTF8.self)
    }

    private static func isOurs(_ item: [String: Any]) -> Bool {
        if item["chain"] as? Int == 0x504d { return true }
        let actions = (item["options"] as? [String: Any])?["actions"] as? [[String: Any]] ?? []
        return actions.contains { ($0["cookie"] as? String)?.hasPrefix("f7") == true }
    }

    /// What differs, in words; empty if nothing does.
    public func differences(to other: CommandSnapshot) -> String {
        var text = ""
        for title in Set(sections.keys).union(other.sections.keys).sorted() {
            let old = sections[title]?.split(separator: "\n").map(String.init) ?? ["(nothing)"]
            let new = other.sections[title]?.split(separator: "\n").map(String.init) ?? ["(nothing)"]
            guard old != new else { continue }
            text += "\(title):\n"
            for (offset, line) in old.enumerated() where offset >= new.count || new[offset] != line {
                text += "- \(Self.parts(of: line, notIn: offset < new.count ? new[offset] : ""))\n"
            }
            for (offset, line) in new.enumerated() where offset >= old.count || old[offset] != line {
                text += "+ \(Self.parts(of: line, notIn: offset < old.count ? old[offset] : ""))\n"
            }
        }
        return text
    }

    /// Of a long line, what the other doesn't have.
    private static func parts(of line: String, notIn other: String) -> String {
        let known = Set(other.components(separatedBy: ","))
        return line.components(separatedBy: ",").filter { !known.contains($0) }.joined(separator: ",")
    }
}
