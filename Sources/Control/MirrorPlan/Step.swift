public import MirrorModel

/// One thing for an engine to do. Steps are few and exact: each names the object, none searches.
public protocol EngineStep: Hashable, Sendable, CustomStringConvertible {
    /// What carries the mirrors that such steps are about; nil for what all have in common.
    static var carrier: Carrier? { get }
    /// The mirror that it is about; nil if it is about none, or several.
    var mirror: MirrorName? { get }
    /// What it does to what is there.
    var effect: StepEffect { get }
}

/// What a step does to what is there.
public enum StepEffect: Hashable, Sendable {
    case adds
    case changes
    case removes
    /// Others, or an output, get back what was theirs.
    case givesBack
}

/// A step of whatever engine: each has its own type of them.
public struct Step: Hashable, Sendable, CustomStringConvertible {
    /// The step, as its engine knows it.
    public let action: any EngineStep

    /// Of an engine's own.
    public init(_ action: some EngineStep) { self.action = action }

    /// The step as an engine's own; nil if it is another's.
    public func `as`<Action: EngineStep>(_: Action.Type) -> Action? { action as? Action }

    /// The mirror that it is about; nil if it is about none, or several.
    public var mirror: MirrorName? { action.mirror }

    /// What carries the mirror that it is about; nil for what all have in common.
    public var carrier: Carrier? { type(of: action).carrier }

    /// In words, as `portmirror plan` shows it.
    public var description: String { action.description }

    /// Whether they are the same step of the same engine.
    public static func == (left: Step, right: Step) -> Bool { AnyHashable(left.action) == AnyHashable(right.action) }

    /// By the engine's own step.
    public func hash(into hasher: inout Hasher) { hasher.combine(AnyHashable(action)) }
}
