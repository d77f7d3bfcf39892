using System.Text.Json.Nodes;
using Kn.Lab.Api;

namespace Kn.Lab.Controllers;

/// <summary>Owner references: who made an object, and with whom it goes.</summary>
internal static class Owners
{
    /// <summary>The reference of a controller to put into what it makes.</summary>
    public static JsonObject Reference(JsonObject owner, ApiResource resource) => new()
    {
        ["apiVersion"] = resource.ApiVersion,
        ["kind"] = resource.Kind,
        ["name"] = owner.Name(),
        ["uid"] = owner.Uid(),
        ["controller"] = true,
        ["blockOwnerDeletion"] = true,
    };

    /// <summary>The uid of the controller of an object, or null.</summary>
    public static string? ControllerUid(JsonObject child) =>
        child.Maps("metadata", "ownerReferences").FirstOrDefault(static reference => reference.Flag("controller") == true).Text("uid");

    /// <summary>True when the object names this owner.</summary>
    public static bool IsOwnedBy(JsonObject child, string uid) =>
        child.Maps("metadata", "ownerReferences").Any(reference => reference.Text("uid") == uid);
}
