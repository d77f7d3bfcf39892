namespace Kn.Policy.Tables;

/// <summary>What the table says of itself in its comment.</summary>
internal static class PolicyLayout
{
    /// <summary>The layout of this version with these options. Raise the number when static rules or the meaning of elements change.</summary>
    public static string Version(PolicyOptions options) =>
        $"Kn policy 3{(options.GuardOwnNode ? ", own node guarded" : "")}{(options.LogDrops ? "" : ", drops not logged")}";

    /// <summary>What a piece says where the table is not as it was left.</summary>
    public static string Damaged(int differences) => $"{differences} changes by somebody else";
}
