namespace Kn.Ingress;

/// <summary>Form of the access log's lines.</summary>
public enum AccessLogFormat
{
    /// <summary>An object a line.</summary>
    Json,

    /// <summary>NCSA's combined form, as Apache and nginx write it.</summary>
    Combined,
}
