import { answerInChunks, answerWhole } from "./answering.ts";
import { retagged } from "./content.ts";
import type { Script } from "./scripted_server.ts";
import { headOf } from "./wire.ts";

/** Servers that serve the right content, each in its way: a download from any of them is right. */
export const UPRIGHT = {
  /** Knows ranges, conditions and strong validators. */
  upright: { answer: (scene) => answerWhole(scene) },

  "closes after each answer": {
    answer: async (scene) => {
      await answerWhole(scene, { fields: { Connection: "close" } });
      return "ends";
    },
  },

  "has no ranges": { answer: (scene) => answerWhole(scene, { hasRanges: false }) },

  "sends chunks": { answer: (scene) => answerInChunks(scene, Infinity) },

  "has a weak ETag": {
    answer: (scene) => {
      const content = { ...scene.content, entityTag: `W/${scene.content.entityTag}` };
      return answerWhole(scene, { content });
    },
  },

  "has no ETag": {
    answer: (scene) => answerWhole(scene, { content: { ...scene.content, entityTag: undefined } }),
  },

  /** As where each server makes the tag from the time when it got its copy. */
  "has another ETag": {
    answer: (scene) => answerWhole(scene, { content: retagged(scene.content) }),
  },

  "says 103 first": {
    answer: async (scene) => {
      await scene.wire.send(headOf("103 Early Hints", { Link: "</style.css>; rel=preload" }));
      return await answerWhole(scene);
    },
  },

  "is slow": {
    answer: async (scene) => {
      const sendContent = async (octets: Uint8Array) => {
        await scene.pause();
        await scene.sendContent(octets);
      };
      return await answerWhole({ ...scene, sendContent });
    },
  },
} satisfies Readonly<Record<string, Script>>;
