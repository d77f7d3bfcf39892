using Kn.Primitives;
using Kn.ServiceProxy.Planning;

namespace Kn.ServiceProxy.Tables;

/// <summary>Elements in the table that belong to nobody: left behind by somebody who changed it by hand, or part of a damaged Service
/// port. No plan wants them, so reading them back means deleting them.</summary>
internal sealed record StrayPiece(ValueList<ProxyElement> Elements) : ProxyPiece;
