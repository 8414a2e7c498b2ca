/// A release of Open vSwitch, and what it does that others don't.
public struct OpenVSwitchVersion: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// The first number.
    public var major: Int
    /// The second number.
    public var minor: Int
    /// The third number, 0 where there is none; 90 and more are the way to the next release.
    public var patch: Int

    /// From its numbers.
    public init(_ major: Int, _ minor: Int, _ patch: Int = 0) {
        self.major = major
        self.minor = minor
        self.patch = patch
    }

    /// Reads what Open vSwitch says of itself: `3.1.0` (its database's `ovs_version`), `2.17.8-1ubuntu2`,
    /// `ovs-vswitchd (Open vSwitch) 3.1.0`. Nil if no word begins with two numbers and a dot.
    public init?(_ text: String) {
        for word in text.split(whereSeparator: { $0 == " " || $0 == "\t" }) {
            let numbers = word.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }.split(separator: ".").map { Int($0) }
            guard numbers.count >= 2, let major = numbers[0], let minor = numbers[1] else { continue }
            self.init(major, minor, numbers.count > 2 ? numbers[2] ?? 0 : 0)
            return
        }
        return nil
    }

    /// As it is written: `3.1.0`.
    public var description: String { "\(major).\(minor).\(patch)" }

    /// Earlier releases first; whether a later number has what was put into an older branch, this doesn't say.
    public static func < (left: OpenVSwitchVersion, right: OpenVSwitchVersion) -> Bool {
        (left.major, left.minor, left.patch) < (right.major, right.minor, right.patch)
    }

    /// Whether it has a change that was first released as `first`, and in older branches as `backports`.
    public func has(since first: OpenVSwitchVersion, backports: [OpenVSwitchVersion] = []) -> Bool {
        self >= first || backports.contains { $0.major == major && $0.minor == minor && $0.patch <= patch }
    }
}

extension OpenVSwitchVersion {
    /// Whether a frame that an action has changed counts as another one for mirrors: it is copied before and after.
    public var copiesAgainAfterChange: Bool {
        has(
            since: OpenVSwitchVersion(3, 3),
            backports: [
                OpenVSwitchVersion(3, 2, 1), OpenVSwitchVersion(3, 1, 3), OpenVSwitchVersion(3, 0, 5),
                OpenVSwitchVersion(2, 17, 8),
            ])
    }

    /// Whether flows that are already installed follow a change of mirrors at once. Before, they keep to the old mirrors for
    /// up to 10 seconds, or as long as they are busy, unless they are purged (`ovs-appctl revalidator/purge`).
    public var revalidatesOnMirrorChange: Bool {
        has(
            since: OpenVSwitchVersion(3, 3, 3), backports: [OpenVSwitchVersion(3, 2, 4), OpenVSwitchVersion(3, 1, 6)])
    }

    /// Whether a mirror can have a filter (the column `filter` of Mirror).
    public var hasMirrorFilter: Bool { has(since: OpenVSwitchVersion(3, 4)) }
}
