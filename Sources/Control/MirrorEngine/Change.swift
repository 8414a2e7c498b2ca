import MirrorModel
import MirrorPlan

/// What a request changes in the definitions, with what follows from it.
struct Change {
    /// Mirrors to define, or define anew.
    var put: [(mirror: Mirror, isTemporary: Bool)] = []
    /// Mirrors to take away.
    var remove: Set<MirrorName> = []
    /// Which mirrors may be touched.
    var scope = PlanScope.everything
    /// Of `put`, those whose end was said as a time from now.
    var relative: Set<MirrorName> = []
    /// Of `put`, those that stay temporary or permanent, as they are.
    var keepingPlaces: Set<MirrorName> = []
    /// Whether the mirrors that aren't put are taken away.
    var removesOthers = false
    /// Whether a mirror of the same name with another definition is an error.
    var mustBeNew = false
    /// Which of others' mirrors, by the names that they get, are taken over as they run; nil for none.
    var takeOver: PlanScope?
    /// Mirrors whose time is over: found out, not asked for.
    var expired: [MirrorName] = []
    /// Whether a refused mirror stops all the others.
    var isAllOrNothing = true

    init(_ request: Request) {
        switch request {
        case .define(let definitions, let mustBeNew):
            put(definitions)
            scope = .only(Set(definitions.map(\.mirror.name)))
            self.mustBeNew = mustBeNew
        case .load(let definitions, let prune):
            put(definitions)
            removesOthers = prune
        case .remove(let names):
            remove = names
            scope = .only(names)
            isAllOrNothing = false
        case .removeAll:
            removesOthers = true
            isAllOrNothing = false
        case .apply(let scope):
            self.scope = scope
            isAllOrNothing = false
        case .adopt(let scope): takeOver = scope
        }
    }

    /// Defines mirrors that are taken over, where they are to be.
    mutating func put(_ definitions: [Request.Definition]) {
        put += definitions.map { ($0.mirror, $0.isTemporary ?? false) }
        relative.formUnion(definitions.filter(\.endIsRelative).map(\.mirror.name))
        keepingPlaces.formUnion(definitions.filter { $0.isTemporary == nil }.map(\.mirror.name))
    }
}
