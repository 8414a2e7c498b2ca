/// The same thing done by hand: a command of iproute2, ethtool or Open vSwitch, and why.
public struct ExplainedCommand: Hashable, Sendable {
    /// What it is for, in a sentence or two.
    public var why: String
    /// Runnable by a shell as it stands.
    public var command: String

    public init(why: String, command: String) {
        self.why = why
        self.command = command
    }
}
